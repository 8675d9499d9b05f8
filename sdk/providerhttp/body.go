package providerhttp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
)

// Body is what a request carries. Make one with JSON, JSONOf, Form, Multipart,
// ConfirmationForm or Raw.
type Body struct {
	data        []byte
	contentType string
	err         error
	// parts of a multipart body, whose data cannot be shown.
	parts []Part
}

// JSON is a body of these bytes, which are sent as they are: what was signed is
// what is sent.
func JSON(data []byte) Body {
	return Body{data: data, contentType: "application/json"}
}

// JSONOf is a JSON body of what encoding/json writes for value. A value that it
// cannot write is the error of the call: then nothing is sent.
func JSONOf(value any) Body {
	data, err := json.Marshal(value)
	return Body{data: data, contentType: "application/json", err: err}
}

// Bytes returns the bytes that are sent, which a signature of the body covers.
func (b Body) Bytes() []byte { return bytes.Clone(b.data) }

// Form is an application/x-www-form-urlencoded body, sorted by key. For another
// order use Raw.
func Form(values url.Values) Body {
	return Body{
		data:        []byte(values.Encode()),
		contentType: "application/x-www-form-urlencoded",
	}
}

// Raw is a body of any other kind.
func Raw(contentType string, data []byte) Body {
	return Body{data: data, contentType: contentType}
}

// Part is one field of a multipart body, or a file in it when FileName or
// MediaType is set.
type Part struct {
	Name      string
	Value     []byte
	FileName  string
	MediaType string // of a file; application/octet-stream when empty
}

// ConfirmationForm is a multipart/form-data body of a customer's confirmation:
// the fields of an object in their order, each as its text, and the files under
// the names of the fields that they answer. A nil file is one that was not
// sent.
func ConfirmationForm(fields ordered.Value, files ...*sdk.Attachment) Body {
	var parts []Part
	for _, field := range fields.Members() {
		parts = append(parts, Part{Name: field.Key, Value: []byte(field.Value.Text())})
	}

	for _, file := range files {
		if file == nil {
			continue
		}
		parts = append(parts, Part{
			Name:      file.Field,
			Value:     file.Content,
			FileName:  cmp.Or(file.Filename, file.Field),
			MediaType: file.MediaType,
		})
	}

	return Multipart(parts...)
}

// Multipart is a multipart/form-data body with the parts in this order. Only
// the size of a file is recorded.
func Multipart(parts ...Part) Body {
	var data bytes.Buffer
	writer := multipart.NewWriter(&data)
	for _, part := range parts {
		// Neither call can fail: the buffer takes everything.
		content, _ := writer.CreatePart(part.header())
		_, _ = content.Write(part.Value)
	}
	_ = writer.Close()
	return Body{data: data.Bytes(), contentType: writer.FormDataContentType(), parts: parts}
}

func (p Part) isFile() bool { return p.FileName != "" || p.MediaType != "" }

func (p Part) header() textproto.MIMEHeader {
	header := textproto.MIMEHeader{}
	if !p.isFile() {
		header.Set(
			"Content-Disposition",
			fmt.Sprintf(`form-data; name="%s"`, quoted(p.Name)),
		)
		return header
	}

	// A file needs both a name and a type.
	name, mediaType := p.FileName, p.MediaType
	if name == "" {
		name = p.Name
	}

	if mediaType == "" || unsafeInHeader(mediaType) {
		mediaType = "application/octet-stream"
	}

	header.Set(
		"Content-Disposition",
		fmt.Sprintf(`form-data; name="%s"; filename="%s"`, quoted(p.Name), quoted(name)),
	)
	header.Set("Content-Type", mediaType)

	return header
}

// quoted escapes as browsers do, and leaves out characters that could begin
// another header.
func quoted(text string) string {
	text = strings.NewReplacer(`\`, `\\`, `"`, "%22", "\r", "%0D", "\n", "%0A").
		Replace(text)
	return strings.Map(func(char rune) rune {
		if char < ' ' || char == 0x7f {
			return -1
		}
		return char
	}, text)
}

// outline returns what is recorded of a multipart body.
func (b Body) outline(mask masker) string {
	var lines []string
	for _, part := range b.parts {
		// The content of a file may be a customer's document: the record has
		// only its size.
		switch {
		case part.isFile():
			lines = append(
				lines,
				fmt.Sprintf("%s: [file, %d bytes]", part.Name, len(part.Value)),
			)
		case mask.names.fields.has(part.Name):
			lines = append(lines, part.Name+": "+masked)
		default:
			lines = append(lines, part.Name+": "+mask.body("text/plain", part.Value))
		}
	}

	return strings.Join(lines, "\n")
}
