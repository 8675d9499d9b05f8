package golden

import (
	"bytes"
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
// signature: of a field of that name, at any depth of a JSON body, in a form,
// in a query or in the plugin's answer, only that it is there is compared.
func Varying(names ...string) Option {
	return func(c *comparison) {
		for _, n := range names {
			c.varying[n] = true
		}
	}
}

// comparison says how what happens now differs from what was recorded. What it
// says holds no value where the recorded one is masked: there it would be a
// secret of the test's account.
type comparison struct{ varying map[string]bool }

func newComparison(opts []Option) comparison {
	c := comparison{varying: map[string]bool{}}
	for _, o := range opts {
		o(&c)
	}
	return c
}

// body compares by value where both are JSON or both a form, and as text
// otherwise. at is where it is, for the reader.
func (c comparison) body(at, want, got, contentType string) []string {
	kept, cut := beginning(want)
	if cut { // of the rest nothing is known
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
func (c comparison) nested(at string, wanted any, want, got string) []string {
	value, err := decode(got)
	if err != nil {
		return []string{at + ": is no JSON now" + shown(want, got)}
	}
	return c.value(at, wanted, value)
}

// form compares a form or a query: the order of its keys does not count, that
// of one key's values does.
func (c comparison) form(at, want, got string) []string {
	wanted, wrong := url.ParseQuery(want)
	values, err := url.ParseQuery(got)
	if wrong != nil || err != nil {
		return c.text(at, want, got)
	}
	return c.value(at, listed(wanted), listed(values))
}

// listed returns a form as JSON would have it: a text under each key, or a list
// of several.
func listed(values url.Values) map[string]any {
	out := map[string]any{}
	for name, list := range values {
		if len(list) == 1 {
			out[name] = list[0]
			continue
		}

		all := make([]any, len(list))
		for i := range list {
			all[i] = list[i]
		}
		out[name] = all
	}

	return out
}

// value compares decoded JSON. Numbers are compared as they are written: a
// provider may sign what it reads.
func (c comparison) value(at string, want, got any) []string {
	if want == masked {
		return nil // whatever it was
	}

	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return c.object(at, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok && len(got) == len(want) {
			var out []string
			for i := range want {
				out = append(out, c.value(fmt.Sprintf("%s[%d]", at, i), want[i], got[i])...)
			}
			return out
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
	return []string{at + ": is not the same" + shown(string(wanted), string(came))}
}

func (c comparison) object(at string, want, got map[string]any) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		member, there := got[name]
		switch {
		case !there:
			out = append(out, at+"."+name+": is missing now")
		case !c.varying[name]:
			out = append(out, c.value(at+"."+name, want[name], member)...)
		}
	}

	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, there := want[name]; !there {
			out = append(out, at+"."+name+": was not recorded, and is there now")
		}
	}

	return out
}

// text compares texts, of which the recorded one may be masked in part. JSON in
// them is compared by value.
func (c comparison) text(at, want, got string) []string {
	if want == got {
		return nil
	}
	if isContainer(want) {
		if wanted, err := decode(want); err == nil {
			return c.nested(at, wanted, want, got)
		}
	}

	if fits(want, got) {
		return nil
	}

	return []string{at + ": is not the same" + shown(want, got)}
}

// fits reports whether got is want with something in place of each mask.
func fits(want, got string) bool {
	parts := strings.Split(want, masked)
	if len(parts) == 1 {
		return want == got
	}
	got, ok := strings.CutPrefix(got, parts[0])
	if !ok {
		return false
	}

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

// shown returns both for the reader, unless the recorded one is masked.
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

func decode(text string) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}
