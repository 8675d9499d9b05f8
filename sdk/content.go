package sdk

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
)

const (
	// maxContent bounds what a compressed body may become, in bytes.
	maxContent = 1 << 20
	// maxPacked bounds a compressed body, in bytes: one made of nothing but
	// tables of codes takes long to read and becomes nothing.
	maxPacked = 256 << 10
	// maxHeaderValues bounds what one header says; real ones have two or three.
	maxHeaderValues = 1000
)

// Content returns the body as its sender wrote it: without the compression that
// Content-Encoding names or gzip's first bytes show, and without a byte order
// mark. A body that cannot be unpacked, that has more than 256 KiB packed, or
// would have more than 1 MiB then, is returned as it came.
func (r HTTPRequest) Content() []byte {
	body := r.Body
	if plain, ok := unpack(body, r.Header.Get("Content-Encoding")); ok {
		body = plain
	}
	return bytes.TrimPrefix(body, []byte("\uFEFF"))
}

// unpack undoes gzip and deflate. A proxy may have lost the header, or may have
// unpacked the body and kept it: what the body begins with counts.
func unpack(body []byte, encoding string) (plain []byte, ok bool) {
	if len(body) > maxPacked {
		return nil, false
	}
	var packed io.Reader
	var err error
	switch {
	case bytes.HasPrefix(body, []byte{0x1f, 0x8b}):
		packed, err = gzip.NewReader(bytes.NewReader(body))
	case strings.EqualFold(strings.TrimSpace(encoding), "deflate"):
		packed, err = zlib.NewReader(bytes.NewReader(body))
	default:
		return nil, false
	}
	if err != nil {
		return nil, false
	}

	// One byte beyond the bound tells a body that is too large from one that
	// just fits.
	plain, err = io.ReadAll(io.LimitReader(packed, maxContent+1))
	return plain, (err == nil) && (len(plain) <= maxContent)
}

// HeaderValues returns all values of the header: a provider may send it several
// times, one signature for each secret while one is being replaced, and a proxy
// may join them with commas. It is for values that cannot hold a comma. It
// returns the first thousand values at most.
func (r HTTPRequest) HeaderValues(name string) []string {
	var values []string
	for _, line := range r.Header.Values(name) {
		for value := range strings.SplitSeq(line, ",") {
			value = strings.TrimSpace(value)
			if value != "" && len(values) < maxHeaderValues {
				values = append(values, value)
			}
		}
	}
	return values
}
