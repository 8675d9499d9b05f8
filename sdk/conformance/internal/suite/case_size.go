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

const (
	// maxWebhook is the most that hosts pass on of one webhook, in bytes.
	maxWebhook = 1 << 20
	// maxReading is the processor time that one webhook may take, whatever is
	// in it.
	maxReading = 50 * time.Millisecond
	// readings is how often a webhook is read before it is said to take too
	// long: the first time a program may compile or collect what it will not
	// the next.
	readings = 3
)

var sizeCases = []testCase{{
	name:  "webhook of the largest size",
	needs: needs(sdk.CapabilityParseWebhook),
	rule: "Anybody can send a mebibyte to a webhook's address: a plugin bounds what it parses, " +
		"and reads any within 50 ms of processor time.",
	run: webhookLargest,
}}

// webhookLargest sends what is most work for its size: alone, and in place of
// each value of a genuine webhook, which a plugin may read before it checks a
// signature.
func webhookLargest(run *caseRun) {
	genuine := run.genuineWebhooks()[0]

	for _, hostile := range hostileBodies(maxWebhook) {
		request := genuine.request
		request.Header = request.Header.Clone()
		request.Header.Set("Content-Type", hostile.mediaType)
		request.Body = hostile.body
		run.readsInTime(hostile.name, genuine, request)
	}

	for name, request := range inflated(genuine.request, maxWebhook) {
		run.readsInTime(name, genuine, request)
	}
}

// readsInTime reads one webhook and looks at the processor time that it took.
// The answer may be anything: other cases decide what is believed.
func (run *caseRun) readsInTime(
	name string,
	webhook genuineWebhook,
	request sdk.HTTPRequest,
) {
	webhook.request = request
	var least time.Duration

	// The least of several readings counts: the first may include work of the
	// runtime that the next ones do not have.
	for try := range readings {
		before := run.process.Processor()
		_, _ = run.account.ParseWebhook(run.ctx, webhook.on(sdk.ScopeOpen))
		took := run.process.Processor() - before

		if (try == 0) || (took < least) {
			least = took
		}
		if least <= maxReading {
			return
		}
	}

	run.fatal(
		"a mebibyte of %s takes %s of processor time",
		name,
		least.Round(time.Millisecond),
	)
}

// hostileBody is the body of a request that is much work for its size.
type hostileBody struct {
	name      string // what it is made of
	mediaType string
	body      []byte
}

// hostileBodies returns bodies of about size bytes, each of which has cost some
// parser more than its size: time that grows with the square, memory many times
// as large, or a stack as deep.
func hostileBodies(size int) []hostileBody {
	return slices.Concat(hostileJSON(size), hostileForms(size))
}

// fill repeats the text until it has about size bytes.
func fill(text string, size int) []byte {
	return []byte(strings.Repeat(text, max(1, size/len(text))))
}

// around puts such a filling between two texts.
func around(before, text, after string, size int) []byte {
	return slices.Concat([]byte(before), fill(text, size), []byte(after))
}

func hostileJSON(size int) []hostileBody {
	half := size / len("[]")
	lists := strings.Repeat("[", max(1, half)) + strings.Repeat("]", max(1, half))
	depth := size / len(`{"a":`+"}")
	objects := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
	exponent := `{"amount":1e999999999,"id":1e-999999999,"sum":"1e999999999"}`

	list := []hostileBody{
		{name: "digits", body: around(`{"amount":`, "7", "}", size)},
		{name: "digits in quotes", body: around(`{"amount":"`, "7", `"}`, size)},
		{name: "digits after the point", body: around(`{"amount":0.`, "3", "}", size)},
		{name: "a huge exponent", body: []byte(exponent)},
		{name: "lists in lists", body: []byte(lists)},
		{name: "objects in objects", body: []byte(objects)},
		{name: "lists without an end", body: fill("[", size)},
		{name: "one key again and again", body: around(`{"a":1`, `,"a":1`, "}", size)},
		{name: "many keys", body: manyKeys(size)},
		{name: "small values", body: around("[1", ",1", "]", size)},
		{name: "escapes", body: around(`{"a":"`, `\u0041`, `"}`, size)},
		{name: "halves of surrogates", body: around(`{"a":"`, `\ud800`, `"}`, size)},
		{name: "spaces", body: fill(" ", size)},
		{name: "bytes that are no text", body: fill("\xff", size)},
	}
	for i := range list {
		list[i].mediaType = "application/json"
	}

	return list
}

func hostileForms(size int) []hostileBody {
	list := []hostileBody{
		{name: "pairs", body: fill("a=1&", size)},
		{name: "separators", body: fill("&", size)},
		{name: "brackets of a form", body: around("a", "[b]", "=1", size)},
		{name: "pairs with brackets", body: fill("a[b][c][]=1&", size)},
		{name: "percent signs", body: around("a=", "%41", "", size)},
		{name: "broken percent signs", body: around("a=", "%", "", size)},
		{name: "digits of a form", body: around("id=1&amount=", "7", "", size)},
	}
	for i := range list {
		list[i].mediaType = "application/x-www-form-urlencoded"
	}

	const part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
	return append(
		list,
		hostileBody{
			"parts",
			`multipart/form-data; boundary="b"`,
			around("", part, "--b--", size),
		},
		hostileBody{"zero bytes", "application/octet-stream", fill("\x00", size)},
	)
}

// manyKeys returns a JSON object of about size bytes, all of whose keys differ.
func manyKeys(size int) []byte {
	object := []byte(`{"k":1`)
	for i := 0; len(object) < size; i++ {
		object = fmt.Appendf(object, `,"%x":1`, i)
	}
	return append(object, '}')
}

// inflated returns a request once for each value of its body, with digits in
// that value's place that are as long as the size. The name says which value it
// was.
func inflated(request sdk.HTTPRequest, size int) map[string]sdk.HTTPRequest {
	list := map[string]sdk.HTTPRequest{}
	digits := strings.Repeat("7", size)
	put := func(key string, body []byte) {
		next := request
		next.Body = body
		list[fmt.Sprintf("digits as %q", key)] = next
	}

	members, err := object(request.Body)
	if err != nil {
		pairs := strings.Split(string(request.Body), "&")
		for i, pair := range pairs {
			key, _, found := strings.Cut(pair, "=")
			if found {
				changed := slices.Clone(pairs)
				changed[i] = key + "=" + digits
				put(key, []byte(strings.Join(changed, "&")))
			}
		}

		return list
	}

	// A value keeps its kind: the plugin would refuse another one at once.
	for _, key := range slices.Sorted(maps.Keys(members)) {
		value := digits
		if bytes.HasPrefix(members[key], []byte(`"`)) {
			value = `"` + digits + `"`
		}
		put(key, written(with(members, key, value)))
	}

	return list
}
