package golden

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Option changes how a recording is compared.
type Option func(*comparison)

// Varying names what is different in every call, such as a time, a nonce or a
// signature. For a field of that name, at any depth of a JSON body, in a form,
// in a query or in the plugin's answer, only its presence is compared.
func Varying(names ...string) Option {
	return func(c *comparison) {
		for _, name := range names {
			c.varying[name] = true
		}
	}
}

// comparison finds how a call differs from the recorded one. Its texts hold no
// value where the recorded one is masked: there it would be a secret of the
// test's account.
type comparison struct{ varying map[string]bool }

func newComparison(opts []Option) comparison {
	c := comparison{varying: map[string]bool{}}
	for _, apply := range opts {
		apply(&c)
	}
	return c
}

// body compares by value where both are JSON or both a form, and as text
// otherwise. at is the place, for the reader.
func (c comparison) body(at, want, got, contentType string) []Difference {
	kept, cut := beginning(want)
	if cut { // the rest is not in the recording
		return c.text(at, kept+masked, got)
	}
	if isContainer(want) {
		wanted, err := decode(want)
		if err == nil {
			return c.nested(at, wanted, want, got)
		}
	}

	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		return c.form(at, want, got)
	}

	return c.text(at, want, got)
}

// nested compares JSON inside a text.
func (c comparison) nested(at string, wanted any, want, got string) []Difference {
	value, err := decode(got)
	if err != nil {
		return []Difference{{Place: at, Change: Unreadable, Want: want, Got: got}}
	}
	return c.value(at, wanted, value)
}

// form compares a form or a query: the order of its keys does not count, that
// of one key's values does.
func (c comparison) form(at, want, got string) []Difference {
	wanted, wrong := url.ParseQuery(want)
	values, err := url.ParseQuery(got)
	if (wrong != nil) || (err != nil) {
		return c.text(at, want, got)
	}
	return c.value(at, listed(wanted), listed(values))
}

// listed returns a form as JSON would have it: a text under each key, or a list
// of several.
func listed(values url.Values) map[string]any {
	members := map[string]any{}
	for name, list := range values {
		if len(list) == 1 {
			members[name] = list[0]
			continue
		}

		texts := make([]any, len(list))
		for i := range list {
			texts[i] = list[i]
		}
		members[name] = texts
	}

	return members
}

// value compares decoded JSON. Numbers are compared as they are written: a
// provider may sign what it reads.
func (c comparison) value(at string, want, got any) []Difference {
	if want == masked {
		return nil // a mask stands for anything
	}

	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return c.object(at, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok && (len(got) == len(want)) {
			return c.list(at, want, got)
		}

	case string:
		if got, ok := got.(string); ok {
			return c.text(at, want, got)
		}
	default:
		if want == got {
			return nil
		}
	}

	wanted, _ := encode(want, "") // both were decoded
	came, _ := encode(got, "")
	return []Difference{{Place: at, Change: Changed, Want: string(wanted), Got: string(came)}}
}

func (c comparison) list(at string, want, got []any) []Difference {
	var differences []Difference
	for i := range want {
		place := fmt.Sprintf("%s[%d]", at, i)
		differences = append(differences, c.value(place, want[i], got[i])...)
	}
	return differences
}

func (c comparison) object(at string, want, got map[string]any) []Difference {
	var differences []Difference
	for _, name := range slices.Sorted(maps.Keys(want)) {
		place := at + "." + name
		member, there := got[name]

		// A member that may vary must still be there: a plugin that no longer
		// sends it has changed.
		switch {
		case !there:
			differences = append(differences, Difference{Place: place, Change: Gone})
		case !c.varying[name]:
			differences = append(differences, c.value(place, want[name], member)...)
		}
	}

	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, there := want[name]; !there {
			differences = append(differences, Difference{Place: at + "." + name, Change: Added})
		}
	}

	return differences
}

// text compares texts, of which the recorded one may be masked in part. JSON in
// them is compared by value.
func (c comparison) text(at, want, got string) []Difference {
	if want == got {
		return nil
	}
	if isContainer(want) {
		wanted, err := decode(want)
		if err == nil {
			return c.nested(at, wanted, want, got)
		}
	}

	// JSON that a mask has broken is compared as any other text.
	if fits(want, got) {
		return nil
	}

	return []Difference{{Place: at, Change: Changed, Want: want, Got: got}}
}

// fits reports whether got is want with some text in place of each mask.
func fits(want, got string) bool {
	parts := strings.Split(want, masked)
	if len(parts) == 1 {
		return want == got
	}
	got, ok := strings.CutPrefix(got, parts[0])
	if !ok {
		return false
	}

	// Every part must follow the one before.
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		at := strings.Index(got, part)
		if at < 0 {
			return false
		}
		got = got[at+len(part):]
	}

	return strings.HasSuffix(got, parts[last])
}

// shown returns both texts for the reader, or the recorded one alone when it is
// masked.
func shown(want, got string) string {
	if strings.Contains(want, masked) {
		return "; it is masked in part: recorded " + short(want)
	}
	return ": recorded " + short(want) + ", now " + short(got)
}

// short keeps a message readable.
func short(text string) string {
	const most = 300
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + cutMark
	}
	return fmt.Sprintf("%q", text)
}

func decode(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}

	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}

	return value, nil
}
