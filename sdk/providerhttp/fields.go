package providerhttp

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
)

// maxFields bounds the fields of a form, as PHP does.
const maxFields = 1000

// Fields returns the fields of a webhook or a return, for providers that send
// them in one form or another: a JSON object in the body; else a form in the
// body (urlencoded or multipart) together with the query. typed reports the
// first: its values have their types and their order. Those of a form are all
// strings, in the order in which their names first come; of several with one
// name the first counts, and the body comes before the query.
//
// It reads as far as it can: a value that does not decode stays as it stands,
// so that one odd field does not hide the others. It reads the first thousand
// fields of a form. A request that has none of these forms has no fields.
func Fields(req sdk.HTTPRequest) (fields ordered.Value, typed bool) {
	body := bytes.TrimSpace(req.Content())
	if bytes.HasPrefix(body, []byte("{")) {
		if fields, err := ordered.ParseLoosely(body); err == nil {
			return fields, true
		}
	}

	// Not JSON, or broken: then a form, in the body and in the query.
	var read form
	if !read.addMultipart(body, req.Header.Get("Content-Type")) {
		read.addPairs(string(body))
	}

	read.addPairs(req.Query)
	return ordered.Object(read.members...), false
}

// form is a form as far as it is read. Its names are unique.
type form struct {
	members []ordered.Member
	known   map[string]bool
}

func (f *form) add(name, text string) {
	if f.known[name] || len(f.members) >= maxFields {
		return
	}

	if f.known == nil {
		f.known = map[string]bool{}
	}
	f.known[name] = true
	f.members = append(f.members, ordered.Pair(name, ordered.String(text)))
}

// addPairs reads a query or an urlencoded body. Only & separates: a semicolon
// is a character like others.
func (f *form) addPairs(text string) {
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair != "" {
			f.add(unescaped(name), unescaped(value))
		}
	}
}

// unescaped returns the text as it stands where it does not decode, such as
// "100%".
func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		text = plain
	}
	return validUTF8(text)
}

func validUTF8(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// addMultipart reads a body in parts, as far as they go, and reports whether it
// has any. Their boundary is the header's or, where that was lost, the body's
// first line.
func (f *form) addMultipart(body []byte, contentType string) bool {
	if !bytes.HasPrefix(body, []byte("--")) && !strings.Contains(contentType, "boundary") {
		return false
	}

	first, _, _ := bytes.Cut(body, []byte("\n"))
	boundaries := []string{strings.TrimSpace(strings.TrimPrefix(string(first), "--"))}
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		boundaries = append([]string{params["boundary"]}, boundaries...)
	}

	// A header may name a boundary that the body does not have: its own is
	// tried after that.
	for _, boundary := range boundaries {
		if boundary != "" && f.addParts(body, boundary) {
			return true
		}
	}

	return false
}

// addParts reads the parts between a boundary, and reports whether there are
// any.
func (f *form) addParts(body []byte, boundary string) (found bool) {
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxFields {
		part, err := parts.NextPart()
		if err != nil {
			break // the end, or what follows cannot be read
		}
		value, _ := io.ReadAll(part) // as far as it goes
		if name := part.FormName(); name != "" {
			f.add(validUTF8(name), validUTF8(string(value)))
			found = true
		}
	}

	return found
}
