package signature

import (
	"errors"
	"net/url"
	"strings"

	"github.com/payhost/payhost/sdk/ordered"
)

// maxQuery bounds the keys that PHPQuery writes, in bytes: each value within
// others repeats their keys, so a small body could become gigabytes.
const maxQuery = 4 << 20

var errLongQuery = errors.New("signature: the query is too long")

// PHPQuery returns what PHP 8.2's http_build_query writes for an object or
// array: key=value joined by &, in the order of v, spaces as +, and everything
// percent-encoded but letters, digits, - . and _ (so ~ is %7E). Numbers are
// written as PHPNumber says, true as 1, false as 0; null is left out. Nested
// values are written as a[b]=…, with the brackets encoded; empty ones leave no
// trace.
//
// It fails on a v that is neither object nor array, on a Number whose text is
// not one, and when the keys of the query have more than 4 MiB.
func PHPQuery(v ordered.Value) (string, error) {
	if v.Kind() != ordered.KindObject && v.Kind() != ordered.KindArray {
		return "", errors.New("signature: a query is made of an object or array")
	}
	var query phpQuery
	err := query.add(v, "", "")
	return query.text.String(), err
}

// phpQuery is a query under construction.
type phpQuery struct {
	text  strings.Builder
	spent int // bytes of keys so far
}

// add writes the pairs of an object or array whose keys stand between prefix
// and suffix: nothing for the outermost, a[ and ] for one that is itself the
// value of a.
func (q *phpQuery) add(v ordered.Value, prefix, suffix string) error {
	for _, member := range phpArray(v) {
		// PHP leaves null out and writes everything else.
		if member.Value.Kind() == ordered.KindNull {
			continue
		}

		key := prefix + phpURLEncode(member.Key) + suffix
		if q.spent += len(key); q.spent > maxQuery {
			return errLongQuery
		}

		// A list has no value of its own: its items follow, with longer keys.
		if member.Value.Kind() >= ordered.KindArray {
			if err := q.add(member.Value, key+"%5B", "%5D"); err != nil {
				return err
			}
			continue
		}

		text, err := queryText(member.Value)
		if err != nil {
			return err
		}
		q.pair(key, phpURLEncode(text))
	}

	return nil
}

func (q *phpQuery) pair(key, value string) {
	if q.text.Len() > 0 {
		q.text.WriteByte('&')
	}
	q.text.WriteString(key)
	q.text.WriteByte('=')
	q.text.WriteString(value)
}

// queryText is PHPString, but for false: this is the one place where PHP prints
// it.
func queryText(v ordered.Value) (string, error) {
	if v.Kind() == ordered.KindBool && v.Text() != "true" {
		return "0", nil
	}
	return PHPString(v)
}

// phpURLEncode is PHP's urlencode, which differs from Go's in one character.
func phpURLEncode(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "~", "%7E")
}
