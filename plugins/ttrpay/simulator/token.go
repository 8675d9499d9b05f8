package simulator

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// token is what the Authorization of a body must hold: the document's PHP
// example, done to what was received.
func (s *Simulator) token(body []byte) (string, error) {
	text, err := canonical(body)
	if err != nil {
		return "", err
	}
	sum := md5.Sum([]byte(text + s.merchantSecret))
	return s.merchantKey + "." + hex.EncodeToString(sum[:]), nil
}

// canonical is json_encode(ksort(json_decode(…))) with slashes and Unicode as
// they are, of an object without nesting.
func canonical(body []byte) (string, error) {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		return "", err
	}

	var members []string
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		value, err := scalar(fields[key])
		if err != nil {
			return "", err
		}
		members = append(members, quoted(key)+":"+value)
	}

	return "{" + strings.Join(members, ",") + "}", nil
}

func scalar(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "null", nil
	case bool:
		return strconv.FormatBool(v), nil
	case string:
		return quoted(v), nil
	case json.Number:
		return number(v)
	}

	return "", errors.New("the fields of a request are texts and numbers")
}

// number is how PHP prints one that it has read from JSON, for the sizes that
// amounts have.
func number(n json.Number) (string, error) {
	if !strings.ContainsAny(n.String(), ".eE") {
		return n.String(), nil
	}
	f, err := n.Float64()
	return strconv.FormatFloat(f, 'f', -1, 64), err
}

// quoted escapes what PHP escapes: encoding/json, told to leave < > & alone,
// does the same, U+2028 and U+2029 included.
func quoted(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	return strings.TrimSuffix(out.String(), "\n")
}
