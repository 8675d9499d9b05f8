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

// Body is what a request carries. Make one with JSON, JSONOf, Form, Multipart, ConfirmationForm or Raw.
type Body struct {
	data        []byte
	contentType string
	err         error
	// parts of a multipart body, whose data cannot be shown.
	parts []Part
}

// JSON is a body of these bytes, which are sent as they are: what was signed is what is sent.
func JSON(data []byte) Body {
	return Body{data: data, contentType: "application/json"}
}

// JSONOf is a JSON body of what encoding/json writes for value. A value that it cannot write is the error of the call: then
// nothing is sent.
func JSONOf(value any) Body {
	data, err := json.Marshal(value)
	return Body{data: data, contentType: "application/json", err: err}
}

// Bytes are what is sent: what a signature of the body covers.
func (b Body) Bytes() []byte { return bytes.Clone(b.data) }

// Form is an application/x-www-form-urlencoded body, sorted by key. For another order use Raw.
func Form(values url.Values) Body {
	return Body{data: []byte(values.Encode()), contentType: "application/x-www-form-urlencoded"}
}

// Raw is a body of any other kind.
func Raw(contentType string, data []byte) Body {
	return Body{data: data, contentType: contentType}
}

// Part is one field of a multipart body, or a file in it when FileName or MediaType is set.
type Part struct {
	Name      string
	Value     []byte
	FileName  string
	MediaType string // of a file; application/octet-stream when empty
}

// ConfirmationForm is a multipart/form-data body of what a customer is asked for: the fields of an object in their order, each as its
// text, and the files under the names of the fields that they answer. A nil file is one that was not sent.
func ConfirmationForm(fields ordered.Value, files ...*sdk.Attachment) Body {
	var parts []Part
	for _, m := range fields.Members() {
		parts = append(parts, Part{Name: m.Key, Value: []byte(m.Value.Text())})
	}
	for _, f := range files {
		if f != nil {
			parts = append(parts, Part{Name: f.Field, Value: f.Content, FileName: cmp.Or(f.Filename, f.Field), MediaType: f.MediaType})
		}
	}
	return Multipart(parts...)
}

// Multipart is a multipart/form-data body with the parts in this order. Of a file only its size is recorded.
func Multipart(parts ...Part) Body {
	var data bytes.Buffer
	w := multipart.NewWriter(&data)
	for _, p := range parts {
		// Neither call can fail: the buffer takes everything.
		part, _ := w.CreatePart(p.header())
		_, _ = part.Write(p.Value)
	}
	_ = w.Close()
	return Body{data: data.Bytes(), contentType: w.FormDataContentType(), parts: parts}
}

func (p Part) isFile() bool { return p.FileName != "" || p.MediaType != "" }

func (p Part) header() textproto.MIMEHeader {
	h := textproto.MIMEHeader{}
	if !p.isFile() {
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"`, quoted(p.Name)))
		return h
	}
	name, mediaType := p.FileName, p.MediaType
	if name == "" {
		name = p.Name
	}
	if mediaType == "" || unsafeInHeader(mediaType) {
		mediaType = "application/octet-stream"
	}
	h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`, quoted(p.Name), quoted(name)))
	h.Set("Content-Type", mediaType)
	return h
}

// quoted escapes as browsers do, and takes out what could begin another header.
func quoted(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, "%22", "\r", "%0D", "\n", "%0A").Replace(s)
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, s)
}

// outline is what is recorded of a multipart body.
func (b Body) outline(m masker) string {
	var lines []string
	for _, p := range b.parts {
		switch {
		case p.isFile():
			lines = append(lines, fmt.Sprintf("%s: [file, %d bytes]", p.Name, len(p.Value)))
		case m.names.fields.has(p.Name):
			lines = append(lines, p.Name+": "+masked)
		default:
			lines = append(lines, p.Name+": "+m.body("text/plain", p.Value))
		}
	}
	return strings.Join(lines, "\n")
}
