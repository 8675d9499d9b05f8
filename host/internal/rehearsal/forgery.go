package rehearsal

import (
	"bytes"
	"net/http"
	"strings"
)

// forgeries returns a genuine webhook as a stranger would send it: stored traffic
// rarely has one, and a program that no longer verifies behaves like any other
// until it comes.
func forgeries(genuine call) []call {
	var list []call
	forge := func(how string, change func(forged *call) bool) {
		copied := genuine
		webhook := *genuine.webhook
		webhook.Request.Header = genuine.webhook.Request.Header.Clone()
		webhook.Request.Body = bytes.Clone(genuine.webhook.Request.Body)
		copied.webhook, copied.forged = &webhook, how
		if change(&copied) {
			list = append(list, copied)
		}
	}

	forge("its last character changed", func(forged *call) bool {
		request := &forged.webhook.Request
		if len(request.Body) > 0 {
			return alter(request.Body, bytes.LastIndexFunc)
		}
		query := []byte(request.Query)
		changed := alter(query, bytes.LastIndexFunc)
		request.Query = string(query)
		return changed
	})

	forge("its first digit changed", func(forged *call) bool {
		return alter(forged.webhook.Request.Body, func(text []byte, _ func(rune) bool) int {
			return bytes.IndexAny(text, "0123456789")
		})
	})

	forge("only the headers of its content", func(forged *call) bool {
		kept := http.Header{}
		for name, values := range forged.webhook.Request.Header {
			if strings.HasPrefix(name, "Content-") {
				kept[name] = values
			}
		}
		left := len(forged.webhook.Request.Header) > len(kept)
		forged.webhook.Request.Header = kept
		return left
	})

	return list
}

// alter changes one letter or digit of a text to another, and reports whether
// there was one.
func alter(text []byte, find func([]byte, func(rune) bool) int) bool {
	at := find(text, func(one rune) bool {
		return ((one >= '0') && (one <= '9')) || ((one >= 'a') && (one <= 'z')) ||
			((one >= 'A') && (one <= 'Z'))
	})
	if at < 0 {
		return false
	}

	switch text[at] {
	case '9', 'z', 'Z':
		text[at]--
	default:
		text[at]++
	}

	return true
}
