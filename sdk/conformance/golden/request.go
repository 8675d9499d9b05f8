package golden

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

// request says how a request differs from the recorded one. address is its path
// and query, as the recording has them.
func (c comparison) request(
	e Exchange,
	r *http.Request,
	address string,
	body []byte,
) []string {
	var out []string
	if r.Method != e.Method {
		out = append(out, "the method was "+e.Method)
	}
	want, wantQuery, _ := strings.Cut(e.URL, "?")
	got, gotQuery, _ := strings.Cut(address, "?")
	if !fits(want, got) {
		out = append(out, "the path was "+short(want))
	}

	out = append(out, c.form("query", wantQuery, gotQuery)...)
	contentType := r.Header.Get("Content-Type")
	return append(
		out,
		c.body("body", string(e.Request), textOf(contentType, body), contentType)...)
}

// textOf is what an exchange shows of a body, but for masks: of a file in it
// only the size.
func textOf(contentType string, body []byte) string {
	kind, parameters, _ := mime.ParseMediaType(contentType)
	if kind == "multipart/form-data" {
		if text, err := outline(multipart.NewReader(bytes.NewReader(body), parameters["boundary"])); err == nil {
			return text
		}
	}

	if bytes.ContainsFunc(
		body,
		func(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' },
	) {
		return fmt.Sprintf("[%s, %d bytes]", cmp.Or(contentType, "no text"), len(body))
	}

	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// outline has a line for every part.
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
		if part.FileName() != "" {
			lines = append(
				lines,
				fmt.Sprintf("%s: [file, %d bytes]", part.FormName(), len(value)),
			)
			continue
		}

		lines = append(lines, part.FormName()+": "+textOf("text/plain", value))
	}
}
