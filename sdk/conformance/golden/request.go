package golden

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

// request returns how a request differs from the recorded one. address is its
// path and query, as the recording has them.
func (c comparison) request(
	recorded Exchange,
	r *http.Request,
	address string,
	body []byte,
) []Difference {
	var differences []Difference
	if r.Method != recorded.Method {
		differences = append(differences, Difference{
			Place:  placeMethod,
			Change: Changed,
			Want:   recorded.Method,
			Got:    r.Method,
		})
	}
	want, wantQuery, _ := strings.Cut(recorded.URL, "?")
	got, gotQuery, _ := strings.Cut(address, "?")
	if !fits(want, got) {
		differences = append(differences, Difference{
			Place:  placePath,
			Change: Changed,
			Want:   want,
			Got:    got,
		})
	}

	differences = append(differences, c.form("query", wantQuery, gotQuery)...)

	contentType := r.Header.Get("Content-Type")
	text := textOf(contentType, body)
	return append(
		differences,
		c.body("body", string(recorded.Request), text, contentType)...)
}

// textOf returns what an exchange shows of a body, masks aside. A file in
// it is shown by its size.
func textOf(contentType string, body []byte) string {
	kind, parameters, _ := mime.ParseMediaType(contentType)
	if kind == "multipart/form-data" {
		parts := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
		if text, err := outline(parts); err == nil {
			return text
		}
	}

	if bytes.ContainsFunc(body, isControl) {
		if contentType == "" {
			contentType = "no text"
		}
		return fmt.Sprintf("[%s, %d bytes]", contentType, len(body))
	}

	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// isControl reports whether a rune is in no text.
func isControl(
	c rune,
) bool {
	return (c < ' ') && (c != '\n') && (c != '\r') && (c != '\t')
}

// outline returns a line for every part of a form.
func outline(parts *multipart.Reader) (string, error) {
	var lines []string
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return strings.Join(lines, "\n"), nil
		}
		if err != nil {
			return "", err
		}

		value, err := io.ReadAll(part)
		if err != nil {
			return "", err
		}

		// The lines are those that providerhttp records of a multipart body, so
		// that both compare as text.
		line := part.FormName() + ": " + textOf("text/plain", value)
		if part.FileName() != "" {
			line = fmt.Sprintf("%s: [file, %d bytes]", part.FormName(), len(value))
		}
		lines = append(lines, line)
	}
}
