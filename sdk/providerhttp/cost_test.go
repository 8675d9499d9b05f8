//go:build unix && !race

// What reading costs is measured as programs are shipped: the race detector
// makes some code twenty times slower and other code three times.

package providerhttp_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// fullSize is what the host takes of a request, and the client of an answer.
const fullSize = 1 << 20

// fill repeats a text up to a size, between two others.
func fill(size int, before, repeated, after string) []byte {
	n := (size - len(before) - len(after)) / len(repeated)
	return []byte(before + strings.Repeat(repeated, max(n, 0)) + after)
}

// nest opens and closes so deep that it is still read.
func nest(size int, open, repeated, shut string) []byte {
	const depth = ordered.MaxDepth - 2
	return fill(
		size,
		strings.Repeat(open, depth)+"[0",
		repeated,
		"]"+strings.Repeat(shut, depth),
	)
}

// hostile are the texts that parsers of JSON take longest for.
var hostile = map[string]func(size int) []byte{
	"small values":   func(n int) []byte { return fill(n, `[0`, `,0`, `]`) },
	"zeros":          func(n int) []byte { return fill(n, `[0`, `,0.0000000000000001e-9`, `]`) },
	"exponents":      func(n int) []byte { return fill(n, `[0`, `,1.5e-300,12345678901234567890`, `]`) },
	"long number":    func(n int) []byte { return fill(n, `[1`, `7`, `]`) },
	"long fraction":  func(n int) []byte { return fill(n, `[0.`, `7`, `e-9]`) },
	"escapes":        func(n int) []byte { return fill(n, `["`, `\n\"\u00e9`, `"]`) },
	"surrogates":     func(n int) []byte { return fill(n, `["`, `\ud83d\ude00`, `"]`) },
	"backslashes":    func(n int) []byte { return fill(n, `["`, `\\`, `"]`) },
	"not ASCII":      func(n int) []byte { return fill(n, `["`, "é", `"]`) },
	"controls":       func(n int) []byte { return fill(n, `["`, "\u0085\u2028", `"]`) },
	"not UTF-8":      func(n int) []byte { return fill(n, `["`, "\xff", `"]`) },
	"long text":      func(n int) []byte { return fill(n, `["`, "a/b+c~", `"]`) },
	"small texts":    func(n int) []byte { return fill(n, `["\n"`, `,"\n"`, `]`) },
	"middling texts": func(n int) []byte { return fill(n, `["a"`, `,"a\n8901234567890"`, `]`) },
	"empty objects":  func(n int) []byte { return fill(n, `[{}`, `,{}`, `]`) },
	"objects":        func(n int) []byte { return fill(n, `[{}`, `,{"\u0061":1,"b":"c"}`, `]`) },
	"one key":        func(n int) []byte { return fill(n, `{"a":0`, `,"a":0`, `}`) },
	"numeric keys":   func(n int) []byte { return keys(n, func(i int) string { return fmt.Sprintf(" %d.5e1 ", i%977) }) },
	"many keys":      func(n int) []byte { return keys(n, func(i int) string { return fmt.Sprintf("key%d", i*7919%100_003) }) },
	"long keys": func(n int) []byte {
		return keys(
			n,
			func(i int) string { return strings.Repeat("x", 1000) + fmt.Sprint(i) },
		)
	},
	"a long key":      func(n int) []byte { return fill(n/2, `{"1`, `1`, `":`+string(fill(n/2, `[0`, `,0`, `]`))+`}`) },
	"long key, lists": func(n int) []byte { return fill(n/2, `{"1`, `~`, `":`+string(fill(n/2, `[[[]]`, `,[[]]`, `]`))+`}`) },
	"deep lists":      func(n int) []byte { return nest(n, `[`, `,0`, `]`) },
	"deep objects":    func(n int) []byte { return nest(n, `{"0123456789012345678901234567890123456789":`, `,0`, `}`) },
	"deep first":      func(n int) []byte { return fill(n, `[0`, `,`+strings.Repeat("[", 60)+strings.Repeat("]", 60), `]`) },
	"white space":     func(n int) []byte { return fill(n, `[`, " \n", `]`) },
	"too deep":        func(n int) []byte { return fill(n/2, ``, `[`, string(fill(n/2, ``, `]`, ``))) },
	"JSON in texts":   func(n int) []byte { return fill(n, `["`, `{\"a\":\"`, `"]`) },
	"a cut":           func(n int) []byte { return fill(n, `["`, `",":`, ``) },
}

func keys(size int, name func(i int) string) []byte {
	var text bytes.Buffer
	text.WriteString(`{"":0`)
	for i := 0; text.Len() < size-1100; i++ {
		fmt.Fprintf(&text, `,"%s":0`, name(i))
	}
	text.WriteByte('}')
	return text.Bytes()
}

// forms are the bodies that readers of forms take longest for.
var forms = map[string]func(size int) []byte{
	"one name":         func(n int) []byte { return fill(n, "a", "&a", "") },
	"one escaped name": func(n int) []byte { return fill(n, "%61", "&%61", "") },
	"separators":       func(n int) []byte { return fill(n, "", "&", "") },
	"many names": func(n int) []byte {
		var text bytes.Buffer
		for i := 0; text.Len() < n-20; i++ {
			fmt.Fprintf(&text, "%d=&", i)
		}
		return text.Bytes()
	},
	"escapes":       func(n int) []byte { return fill(n, "a=", "%ff", "") },
	"wrong escapes": func(n int) []byte { return fill(n, "a=", "%", "") },
	"plus signs":    func(n int) []byte { return fill(n, "a=", "+", "") },
	"equal signs":   func(n int) []byte { return fill(n, "", "=", "") },
	"parts": func(n int) []byte {
		return fill(
			n,
			"--x\r\n",
			"Content-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\n",
			"--x--",
		)
	},
	"parts without a name": func(n int) []byte { return fill(n, "--x\r\n", "\r\n\r\n--x\r\n", "--x--") },
	"boundaries":           func(n int) []byte { return fill(n, "--x\r\n", "--x\r\n", "") },
	"almost boundaries":    func(n int) []byte { return fill(n, "--x\r\n\r\n", "\r\n--y", "") },
	"headers":              func(n int) []byte { return fill(n, "--x\r\n", "A: b\r\n", "") },
	"a long boundary":      func(n int) []byte { return fill(n, "--", "-", "\r\n") },
	"half a mark":          func(n int) []byte { return fill(n, "--x\r\n\r\n", "\r\n--", "") },
}

// packed are bodies that are compressed.
var packed = map[string]func(size int) []byte{
	"zeros": func(n int) []byte { return gzipped(make([]byte, 1000*n)) },
	"noise": func(n int) []byte {
		noise := make([]byte, n-1000)
		for i := range noise {
			noise[i] = byte(rand.IntN(256))
		}
		return gzipped(noise)
	},
	"no end": func(n int) []byte {
		return fill(
			n,
			"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff",
			"\x00\x00\x00\xff\xff",
			"",
		)
	},
	"tables":  tables,
	"members": func(n int) []byte { return bytes.Repeat(gzipped(nil), n/len(gzipped(nil))) },
	"a name":  func(n int) []byte { return fill(n, "\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff", "n", "") },
}

func gzipped(data []byte) []byte {
	var text bytes.Buffer
	w := gzip.NewWriter(&text)
	_, _ = w.Write(data)
	_ = w.Close()
	return text.Bytes()
}

// tables are blocks with codes of their own, one after another, with nothing in
// them: to read the codes is all the work.
func tables(size int) []byte {
	var text []byte
	bits := 0
	put := func(value, count int) { // the lowest bit first
		for i := range count {
			if bits%8 == 0 {
				text = append(text, 0)
			}
			text[len(text)-1] |= byte(value>>i&1) << (bits % 8)
			bits++
		}
	}

	for len(text) < size-40 {
		put(0, 1) // not the last block
		put(2, 2) // codes of its own
		put(0, 5) // 257 lengths of literals
		put(0, 5) // one of distances

		// lengths of the codes for lengths, in the order 16, 17, 18, 0, 8, 7,
		// 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1
		put(14, 4)

		for i := range 18 {
			length := 0
			if i == 2 || i == 17 { // 18, many zeros, and 1
				length = 1
			}
			put(length, 3)
		}

		put(0, 1)             // the first literal has one bit
		put(1|(138-11)<<1, 8) // 138 and 117 have none
		put(1|(117-11)<<1, 8)
		put(0, 2) // the end of the block has one bit, and so has the distance
		put(1, 1) // the end of the block
	}

	return append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), text...)
}

// parsers are all that read bytes from outside. What is done before the
// function that read returns is not counted.
var parsers = map[string]struct {
	inputs map[string]func(size int) []byte
	read   func(data []byte) func()
}{
	"ordered.Parse": {
		hostile,
		ofBytes(func(data []byte) { _, _ = ordered.Parse(data) }),
	},
	"ordered.ParseLoosely": {
		hostile,
		ofBytes(func(data []byte) { _, _ = ordered.ParseLoosely(data) }),
	},
	"Value": {
		hostile,
		ofValue(
			func(v ordered.Value) { _, _ = v.SortKeys().MarshalJSON(); v.Message(); v.Trim() },
		),
	},
	"signature.PHPJSON": {
		hostile,
		ofValue(func(v ordered.Value) { _, _ = signature.PHPJSON(signature.KSort(v)) }),
	},
	"signature.PHPQuery": {
		hostile,
		ofValue(func(v ordered.Value) { _, _ = signature.PHPQuery(v) }),
	},
	"signature.PHPImplode": {
		hostile,
		ofValue(func(v ordered.Value) { _, _ = signature.PHPImplode(":", v) }),
	},
	"signature.FastJSON": {
		hostile,
		ofValue(func(v ordered.Value) { _, _ = signature.FastJSON(v) }),
	},
	"Fields of JSON": {
		hostile,
		ofRequest(func(r sdk.HTTPRequest) { providerhttp.Fields(r) }),
	},
	"Fields of a form": {
		forms,
		ofRequest(func(r sdk.HTTPRequest) { providerhttp.Fields(r) }),
	},
	"Fields of packed": {
		packed,
		ofRequest(func(r sdk.HTTPRequest) { providerhttp.Fields(r) }),
	},
	"Fields of a query": {
		forms,
		ofRequest(
			func(r sdk.HTTPRequest) { providerhttp.Fields(sdk.HTTPRequest{Query: string(r.Body)}) },
		),
	},
	"Fields of parts": {forms, ofRequest(func(r sdk.HTTPRequest) {
		r.Header = http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}
		providerhttp.Fields(r)
	})},
	"HeaderValues": {forms, ofRequest(func(r sdk.HTTPRequest) {
		r.Header = http.Header{"A": {strings.ReplaceAll(string(r.Body), "&", ",")}}
		r.HeaderValues("A")
	})},
	"DecodeJSON": {hostile, ofBytes(func(data []byte) {
		var into struct {
			A providerhttp.FlexibleString `json:"a"`
			B providerhttp.Amount         `json:"b"`
		}
		_ = (&providerhttp.Response{Status: 200, Body: data}).DecodeJSON(&into)
	})},
	"a flexible string": {
		hostile,
		ofBytes(
			func(data []byte) { _ = new(providerhttp.FlexibleString).UnmarshalJSON(data) },
		),
	},
	"a text": {
		hostile,
		ofBytes(
			func(data []byte) { _ = new(providerhttp.Text).UnmarshalJSON(bytes.Trim(data, "[]")) },
		),
	},
	"an amount": {
		hostile,
		ofBytes(
			func(data []byte) { _ = new(providerhttp.Amount).UnmarshalJSON(bytes.Trim(data, "[]")) },
		),
	},
	"a number": {
		hostile,
		ofBytes(
			func(data []byte) { _, _ = sdk.ParseNumber(string(bytes.Trim(data, "[]"))) },
		),
	},
	"an address": {
		forms,
		ofBytes(
			func(data []byte) { providerhttp.LastSegment("https://h/" + string(data)) },
		),
	},
}

func ofBytes(read func([]byte)) func([]byte) func() {
	return func(data []byte) func() { return func() { read(data) } }
}

func ofRequest(read func(sdk.HTTPRequest)) func([]byte) func() {
	return func(data []byte) func() { return func() { read(sdk.HTTPRequest{Body: data}) } }
}

func ofValue(use func(ordered.Value)) func([]byte) func() {
	return func(data []byte) func() {
		v, _ := ordered.ParseLoosely(data)
		return func() { use(v) }
	}
}

// processorTime is what the process has used of a processor outside of the
// system: what a page of new memory costs depends on the machine, not on us.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano())
}

// cheapest is the least processor time of a few tries: whatever else the
// machine does makes it longer, never shorter.
func cheapest(t *testing.T, read func(), enough time.Duration) time.Duration {
	t.Helper()
	least := time.Hour

	for range 7 {
		before := processorTime(t)
		read()
		if least = min(least, processorTime(t)-before); least < enough {
			break
		}
	}

	return least
}

// yardstick is what the standard library takes to read a list of small numbers
// of the full size: 40 ms on the machine for which the bound was set. A slower
// or busier machine takes longer for this and for what is measured by it.
func yardstick(t *testing.T) time.Duration {
	t.Helper()
	text := fill(fullSize, `[0`, `,0`, `]`)

	return cheapest(t, func() {
		var list []any
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatal(err)
		}
	}, 0)
}

// Whatever a stranger sends, a mebibyte of it takes no more than a twentieth of
// a second, and four times as much takes about four times as long.
func TestReadingTakesNoTime(t *testing.T) {
	most := yardstick(t) * 5 / 4
	worthwhile := most / 5

	for name, parser := range parsers {
		t.Run(name, func(t *testing.T) {
			for of, input := range parser.inputs {
				read := parser.read(input(fullSize))
				whole := cheapest(t, read, most)
				if whole > most {
					bound := yardstick(t) * 5 / 4
					if whole = cheapest(t, read, bound); whole > bound {
						t.Errorf("%s: %s, more than %s", of, whole, bound)
					}
				}

				if whole < worthwhile {
					continue
				}
				quarter := cheapest(t, parser.read(input(fullSize/4)), worthwhile/3)
				if linear := 10 * max(quarter, worthwhile/3); whole > linear &&
					cheapest(t, read, linear) > linear {
					t.Errorf("%s: a quarter takes %s, all of it %s", of, quarter, whole)
				}
			}
		})
	}
}
