package suite

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// maxWebhook is the most that hosts pass on of one webhook, in bytes.
const maxWebhook = 1 << 20

// maxReading is the processor time that one webhook may take, however it is made.
const maxReading = 50 * time.Millisecond

// readings is how often a webhook is read before it is said to take too long: the
// first time a program may compile or collect what it will not the next.
const readings = 3

var sizeCases = []testCase{{
	name:  "webhook of the largest size",
	needs: needs(sdk.CapabilityParseWebhook),
	rule: "Anybody can send a mebibyte to a webhook's address: a plugin bounds what it parses, and reads any " +
		"within 50 ms of processor time.",
	run: webhookLargest,
}}

// webhookLargest sends what is most work for its size: alone, and in place of each
// value of a genuine webhook, which a plugin may read before it checks a signature.
func webhookLargest(run *caseRun) {
	genuine := run.tellings()[0]

	for _, content := range hostileBodies(maxWebhook) {
		request := genuine.request
		request.Header = request.Header.Clone()
		request.Header.Set("Content-Type", content.Type)
		request.Body = content.Body
		run.readsInTime(content.Name, genuine, request)
	}
	for name, request := range inflated(genuine.request, maxWebhook) {
		run.readsInTime(name, genuine, request)
	}
}

// readsInTime reads one webhook and looks at the processor time that it took. The
// answer may be anything: what is believed is the matter of other cases.
func (run *caseRun) readsInTime(name string, about told, request sdk.HTTPRequest) {
	about.request = request
	var least time.Duration
	for try := range readings {
		before := run.process.Processor()
		_, _ = run.account.ParseWebhook(run.ctx, about.on(sdk.ScopeOpen))
		took := run.process.Processor() - before

		if (try == 0) || (took < least) {
			least = took
		}
		if least <= maxReading {
			return
		}
	}
	run.fatal("a mebibyte of %s takes %s of processor time", name, least.Round(time.Millisecond))
}

// hostileBody is the body of a request that is much work for its size.
type hostileBody struct {
	// Name says what it is made of.
	Name string
	// Type is its content type.
	Type string
	Body []byte
}

// hostileBodies returns bodies of about size bytes, each of which has cost some
// parser more than its size: time that grows with the square, memory many times as
// large, or a stack as deep. Fuzz targets begin with them, and the kit sends them.
func hostileBodies(size int) []hostileBody {
	const (
		asJSON = "application/json"
		asForm = "application/x-www-form-urlencoded"
	)
	fill := func(text string) []byte { return []byte(strings.Repeat(text, max(1, size/len(text)))) }
	around := func(before, text, after string) []byte {
		return slices.Concat([]byte(before), fill(text), []byte(after))
	}
	depth := max(1, size/2)
	return []hostileBody{
		{"digits", asJSON, around(`{"amount":`, "7", "}")},
		{"digits in quotes", asJSON, around(`{"amount":"`, "7", `"}`)},
		{"digits after the point", asJSON, around(`{"amount":0.`, "3", "}")},
		{"a huge exponent", asJSON, []byte(`{"amount":1e999999999,"id":1e-999999999,"sum":"1e999999999"}`)},
		{"lists in lists", asJSON, []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))},
		{"objects in objects", asJSON, []byte(strings.Repeat(`{"a":`, size/6) + "1" + strings.Repeat("}", size/6))},
		{"lists without an end", asJSON, fill("[")},
		{"one key again and again", asJSON, around(`{"a":1`, `,"a":1`, "}")},
		{"many keys", asJSON, manyKeys(size)},
		{"small values", asJSON, around("[1", ",1", "]")},
		{"escapes", asJSON, around(`{"a":"`, `\u0041`, `"}`)},
		{"halves of surrogates", asJSON, around(`{"a":"`, `\ud800`, `"}`)},
		{"spaces", asJSON, fill(" ")},
		{"pairs", asForm, fill("a=1&")},
		{"separators", asForm, fill("&")},
		{"brackets of a form", asForm, around("a", "[b]", "=1")},
		{"pairs with brackets", asForm, fill("a[b][c][]=1&")},
		{"percent signs", asForm, around("a=", "%41", "")},
		{"broken percent signs", asForm, around("a=", "%", "")},
		{"digits of a form", asForm, around("id=1&amount=", "7", "")},
		{"parts", `multipart/form-data; boundary="b"`, around("", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", "--b--")},
		{"zero bytes", "application/octet-stream", fill("\x00")},
		{"bytes that are no text", asJSON, fill("\xff")},
	}
}

// manyKeys returns a JSON object of about size bytes, each of whose keys is another.
func manyKeys(size int) []byte {
	object := []byte(`{"k":1`)
	for i := 0; len(object) < size; i++ {
		object = fmt.Appendf(object, `,"%x":1`, i)
	}
	return append(object, '}')
}

// inflated returns a request once for each value of its body and its query, with
// that value made as long as the size, by what the value was.
func inflated(request sdk.HTTPRequest, size int) map[string]sdk.HTTPRequest {
	out := map[string]sdk.HTTPRequest{}
	digits := strings.Repeat("7", size)
	put := func(name string, body []byte) {
		next := request
		next.Body = body
		out["digits as "+name] = next
	}

	members, err := object(request.Body)
	if err != nil {
		for i, pair := range strings.Split(string(request.Body), "&") {
			name, _, found := strings.Cut(pair, "=")
			if found {
				pairs := strings.Split(string(request.Body), "&")
				pairs[i] = name + "=" + digits
				put(fmt.Sprintf("%q", name), []byte(strings.Join(pairs, "&")))
			}
		}
		return out
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		value := digits
		if bytes.HasPrefix(members[key], []byte(`"`)) {
			value = `"` + digits + `"`
		}
		put(fmt.Sprintf("%q", key), written(with(members, key, value)))
	}
	return out
}
