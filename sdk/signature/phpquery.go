package signature

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// PHPQuery returns what PHP 8.2's http_build_query writes for an object or
// array: key=value joined by &, in the order of v, spaces as +, and everything
// percent-encoded but letters, digits, - . and _ (so ~ is %7E). Numbers are
// written as PHPNumber says, true as 1, false as 0; null is left out. Nested
// values are written as a[b]=…, with the brackets encoded; empty ones leave no
// trace.
//
// It fails on a v that is neither object nor array and on a Number whose text
// is not one.
func PHPQuery(v Value) (string, error) {
	if v.kind != KindObject && v.kind != KindArray {
		return "", errors.New("signature: a query is made of an object or array")
	}
	pairs, err := appendPairs(nil, v, "", "")
	return strings.Join(pairs, "&"), err
}

// appendPairs appends the key=value texts of an object or array whose keys
// stand between prefix and suffix: nothing for the outermost, a[ and ] for one
// that is itself the value of a.
func appendPairs(pairs []string, v Value, prefix, suffix string) ([]string, error) {
	members := v.members
	for i, item := range v.items {
		members = append(members, Pair(strconv.Itoa(i), item))
	}
	for _, m := range members {
		key := prefix + phpURLEncode(m.Key) + suffix
		text, err := "", error(nil)
		switch m.Value.kind {
		case KindNull:
			continue
		case KindArray, KindObject:
			if pairs, err = appendPairs(pairs, m.Value, key+"%5B", "%5D"); err != nil {
				return nil, err
			}
			continue
		case KindBool:
			text = "0" // the one place where PHP prints false
			if m.Value.text == "true" {
				text = "1"
			}
		default:
			if text, err = PHPString(m.Value); err != nil {
				return nil, err
			}
		}
		pairs = append(pairs, key+"="+phpURLEncode(text))
	}
	return pairs, nil
}

// phpURLEncode is PHP's urlencode, which differs from Go's in one character.
func phpURLEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "~", "%7E")
}
