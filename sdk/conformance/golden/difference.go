package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
)

// Change says in which way a part is not the same.
type Change string

// The changes.
const (
	Added   Change = "added"
	Gone    Change = "gone"
	Changed Change = "changed"
	// Reordered is for keys that come in another order. No comparison with a
	// recording says it, for an order counts only where both sides are there.
	Reordered Change = "order"
	// Unreadable is for what was JSON and is none any more.
	Unreadable Change = "unreadable"
)

// The places of a request that are not in its query or body.
const (
	placeMethod = "method"
	placePath   = "path"
)

// Difference is one part that is not the same.
type Difference struct {
	// Place is the way to the part, such as "body.customer.email" or "query.id".
	Place  string
	Change Change
	// Want and Got are the two texts; both are empty for what is gone or was
	// added, whose value may be a secret.
	Want, Got string
}

// String returns it for the reader, without a text that may be a secret.
func (d Difference) String() string {
	switch {
	case (d.Place == placeMethod) && (d.Change == Changed):
		return "the method was " + d.Want
	case (d.Place == placePath) && (d.Change == Changed):
		return "the path was " + short(d.Want)
	}

	switch d.Change {
	case Added:
		return d.Place + ": was not recorded, and is there now"
	case Gone:
		return d.Place + ": is missing now"
	case Reordered:
		return d.Place + ": its keys are in another order"
	case Unreadable:
		return d.Place + ": is no JSON now" + shown(d.Want, d.Got)
	default:
		return d.Place + ": is not the same" + shown(d.Want, d.Got)
	}
}

func texts(differences []Difference) []string {
	var list []string
	for _, difference := range differences {
		list = append(list, difference.String())
	}
	return list
}

// Request is a request to a provider as it came.
type Request struct {
	Method string
	// Address is its path and query.
	Address     string
	ContentType string
	Body        []byte
}

// CompareRequests returns how a request differs from another one, by value, and
// whether the keys of its query or body are in another order: a provider may
// sign what it reads.
func CompareRequests(want, got Request, opts ...Option) []Difference {
	compare := newComparison(opts)
	recorded := Exchange{
		Method:  want.Method,
		URL:     want.Address,
		Request: Body(textOf(want.ContentType, want.Body)),
	}

	asked := &http.Request{
		Method: got.Method,
		Header: http.Header{"Content-Type": {got.ContentType}},
	}
	differences := compare.request(recorded, asked, got.Address, got.Body)

	_, wantQuery, _ := strings.Cut(want.Address, "?")
	_, gotQuery, _ := strings.Cut(got.Address, "?")
	if reordered(keysOfForm(wantQuery), keysOfForm(gotQuery)) {
		differences = append(differences, Difference{Place: "query", Change: Reordered})
	}
	if reordered(want.keys(), got.keys()) {
		differences = append(differences, Difference{Place: "body", Change: Reordered})
	}

	return differences
}

// CompareJSON returns how one JSON text differs from another, by value; at is the
// place of both.
func CompareJSON(at string, want, got json.RawMessage, opts ...Option) []Difference {
	return newComparison(opts).text(at, string(want), string(got))
}

// Fits reports whether a request of this method and path may be the recorded
// one. The recorded address may be longer at its beginning, where a plugin's
// usual address has a path of its own.
func (e Exchange) Fits(method, path string) bool {
	recorded, _, _ := strings.Cut(e.URL, "?")
	same := (recorded == path) || fits(recorded, path) || strings.HasSuffix(recorded, path)
	return (e.Method == method) && same
}

// keys returns the keys of a body in their order, nil for a body without.
func (r Request) keys() []string {
	if strings.HasPrefix(r.ContentType, "application/x-www-form-urlencoded") {
		return keysOfForm(string(r.Body))
	}
	return keysOfJSON(r.Body)
}

func keysOfForm(text string) (keys []string) {
	for pair := range strings.SplitSeq(text, "&") {
		name, _, _ := strings.Cut(pair, "=")
		keys = append(keys, name)
	}
	return keys
}

// keysOfJSON returns the keys and what opens and closes around them: two texts
// with the same list have their keys in the same order.
func keysOfJSON(text []byte) (keys []string) {
	if !isContainer(string(bytes.TrimSpace(text))) {
		return nil
	}

	// In an object a key and a value take turns.
	type level struct{ object, value bool }
	var levels []level
	decoder := json.NewDecoder(bytes.NewReader(text))

	for {
		token, err := decoder.Token()
		switch {
		case errors.Is(err, io.EOF):
			return keys
		case err != nil:
			return nil
		}

		delimiter, opens := token.(json.Delim)
		if opens && ((delimiter == '}') || (delimiter == ']')) {
			levels = levels[:len(levels)-1]
			keys = append(keys, delimiter.String())
			continue
		}

		// A text in a key's place is one.
		top := len(levels) - 1
		if name, ok := token.(string); ok && (top >= 0) && levels[top].object && !levels[top].value {
			levels[top].value = true
			keys = append(keys, name)
			continue
		}

		if top >= 0 {
			levels[top].value = false
		}
		if opens {
			levels = append(levels, level{object: delimiter == '{'})
			keys = append(keys, delimiter.String())
		}
	}
}

// reordered reports whether two lists have the same keys in another order.
func reordered(want, got []string) bool {
	if slices.Equal(want, got) {
		return false
	}
	return slices.Equal(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got)))
}
