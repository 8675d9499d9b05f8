package sdk_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"net/http"
	"slices"
	"testing"

	"github.com/payhost/payhost/sdk"
)

func gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}

	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	return packed.Bytes()
}

func TestContentIsWhatTheSenderWrote(t *testing.T) {
	text := []byte(`{"a":1}`)
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	if _, err := w.Write(text); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	large := gzipped(t, text)
	large = append(large, bytes.Repeat(gzipped(t, nil), 12_000)...)
	half, bomb := gzipped(t, text)[:12], gzipped(t, make([]byte, 8<<20))

	for name, c := range map[string]struct {
		encoding   string
		body, want []byte
	}{
		"plain":                         {"", text, text},
		"empty":                         {"gzip", nil, nil},
		"gzip":                          {"gzip", gzipped(t, text), text},
		"gzip under its old name":       {"x-gzip", gzipped(t, text), text},
		"gzip without its header":       {"", gzipped(t, text), text},
		"unpacked on the way":           {"gzip", text, text},
		"deflate":                       {"Deflate", deflated.Bytes(), text},
		"deflate that is none":          {"deflate", text, text},
		"a byte order mark":             {"", append([]byte("\ufeff"), text...), text},
		"a byte order mark within gzip": {"gzip", gzipped(t, append([]byte("\ufeff"), text...)), text},
		"half of a gzip":                {"gzip", half, half},
		"more than is unpacked":         {"gzip", large, large},
		"a bomb":                        {"gzip", bomb, bomb},
		"an encoding nobody knows":      {"br", text, text},
	} {
		r := sdk.HTTPRequest{
			Header: http.Header{"Content-Encoding": {c.encoding}},
			Body:   c.body,
		}
		if got := r.Content(); !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %d bytes %.40q, want %.40q", name, len(got), got, c.want)
		}
	}
}

func TestHeaderValuesAreAllThatTheHeaderSays(t *testing.T) {
	h := http.Header{}
	h.Add("Signature", "old, older ,")
	h.Add("Signature", " new ")
	r := sdk.HTTPRequest{Header: h}

	if got := r.HeaderValues("signature"); !slices.Equal(
		got,
		[]string{"old", "older", "new"},
	) {
		t.Errorf("got %q", got)
	}

	if got := r.HeaderValues("Other"); got != nil {
		t.Errorf("of a header that is not there: %q", got)
	}
}

func FuzzContent(f *testing.F) {
	for _, seed := range [][]byte{
		nil, []byte("{}"), {0x1f, 0x8b}, []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x00\x00\x00\xff\xff"),
		bytes.Repeat([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}, 100_000), make([]byte, 1<<20),
	} {
		f.Add("gzip", seed)
		f.Add("deflate", seed)
	}
	f.Fuzz(func(t *testing.T, encoding string, body []byte) {
		r := sdk.HTTPRequest{Header: http.Header{"Content-Encoding": {encoding}}, Body: body}
		if content := r.Content(); len(content) > max(len(body), 1<<20) {
			t.Errorf("%d bytes became %d", len(body), len(content))
		}
	})
}
