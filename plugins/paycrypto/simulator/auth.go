package simulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// freshness is how old a call may be. [decided]
const freshness = 5 * time.Minute

// handler answers a call whose signature verifies. body is the JSON object of a
// POST.
type handler func(r *http.Request, body map[string]any) (result any, no refusal)

// signed lets h answer who has the credentials.
func (s *Simulator) signed(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		data, err := io.ReadAll(r.Body)
		if err == nil && len(data) > 0 {
			// Numbers keep the text that was signed.
			decoder := json.NewDecoder(bytes.NewReader(data))
			decoder.UseNumber()
			err = decoder.Decode(&body)
		}

		if err != nil {
			reply(w, refusal{111001, "Request parameter error"}, nil)
			return
		}

		if no := s.identify(r, body); no != (refusal{}) {
			reply(w, no, nil)
			return
		}

		result, no := h(r, body)
		reply(w, no, result)
	}
}

// identify checks the headers of a call. [doc] Which of the codes is for what
// is [decided], but for 112008 of the FAQ.
func (s *Simulator) identify(r *http.Request, body map[string]any) refusal {
	header := r.Header.Get("Authorization")
	parts := strings.Split(header, ":")
	if header == "" {
		return refusal{112010, "Invalid request header"}
	}

	if len(parts) != 4 || parts[0] != "Inst" {
		return refusal{112006, "Invalid verification format"}
	}
	sent, err := strconv.ParseInt(parts[2], 10, 64)
	query, queryErr := url.QueryUnescape(r.URL.RawQuery)
	if query != "" {
		query = "?" + query
	}

	switch {
	case parts[1] != s.apiKey:
		return refusal{112008, "app key invalid"}
	case err != nil || sent < 1e12:
		return refusal{112004, "Invalid timestamp"}
	case time.Since(time.UnixMilli(sent)).Abs() > freshness:
		return refusal{112001, "Request timed out"}
	case r.Header.Get("Access-Passphrase") != s.passphrase:
		return refusal{112005, "Verification failure"}

	case queryErr != nil || parts[3] != sign(s.apiSecret, parts[2]+r.Method+s.apiKey+r.URL.Path+query+form(body)):
		return refusal{112007, "Invalid signature"}
	}

	return refusal{}
}

func sign(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// form is the text of a body that is signed.
func form(body map[string]any) string {
	var out strings.Builder
	for i, key := range slices.Sorted(maps.Keys(body)) {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(key + "=")
		if text, ok := body[key].(string); ok {
			out.WriteString(text)
		} else {
			write(&out, body[key])
		}
	}

	return out.String()
}

// write writes a value as fastjson does. Numbers are those that this API knows:
// whole ones.
func write(out *strings.Builder, value any) {
	switch v := value.(type) {
	case string:
		writeString(out, v)
	case []any:
		for i, item := range v {
			out.WriteString(map[bool]string{true: "[", false: ","}[i == 0])
			write(out, item)
		}

		out.WriteString(map[bool]string{true: "[]", false: "]"}[len(v) == 0])

	case map[string]any:
		out.WriteByte('{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				out.WriteByte(',')
			}
			writeString(out, key)
			out.WriteByte(':')
			write(out, v[key])
		}

		out.WriteByte('}')

	case nil:
		out.WriteString("null")
	default: // a json.Number or a bool
		fmt.Fprint(out, v)
	}
}

// letters are what follows the backslash of a short escape.
var letters = map[rune]rune{
	'"':  '"',
	'\\': '\\',
	'\b': 'b',
	'\t': 't',
	'\n': 'n',
	'\f': 'f',
	'\r': 'r',
}

func writeString(out *strings.Builder, text string) {
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case letters[r] != 0:
			out.WriteString(`\` + string(letters[r]))
		case r < ' ' || (r >= 0x7f && r < 0xa0) || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(out, `\u%04X`, r)
		default:
			out.WriteRune(r)
		}
	}

	out.WriteByte('"')
}
