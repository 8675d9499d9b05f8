package signature

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
)

var errFields = errors.New("signature: neither a JSON object nor a form")

// ParseFields reads what a notice says, for providers that send it in one form
// or another: a JSON object in the body; else a form, in the body or, when
// there is none, in the query. typed tells the first: its values have their
// types and their order. Those of a form are all strings, in the order in which
// their names first come; of several with one name the first counts.
func ParseFields(body []byte, query string) (fields Value, typed bool, err error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\uFEFF")))
	if bytes.HasPrefix(body, []byte("{")) {
		fields, err = ParseJSON(body)
		return fields, true, err
	}
	form := query
	if len(body) > 0 {
		form = string(body)
	}
	values, err := url.ParseQuery(form)
	if err != nil { // its text repeats a piece of the form
		return Value{}, false, errFields
	}
	return Object(inOrder(form, values)...), false, nil
}

// inOrder gives the first value of each name, where url.Values has forgotten the order.
func inOrder(form string, values url.Values) (members []Member) {
	for pair := range strings.SplitSeq(form, "&") {
		escaped, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(escaped)
		if first, there := values[name]; err == nil && there {
			members = append(members, Pair(name, String(first[0])))
		}
	}
	return members
}
