package simulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// sign is how everything is signed: sha1 of the keys and the text's md5.
func sign(keys, text string) string {
	inner := md5.Sum([]byte(text))
	outer := sha1.Sum([]byte(keys + hex.EncodeToString(inner[:])))
	return hex.EncodeToString(outer[:])
}

// signedBy checks the signature of a payout's body.
func (s *Simulator) signedBy(body []byte, signature string) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}

	values := map[string]string{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return false
		}
		if values[fmt.Sprint(key)], err = implode(d); err != nil {
			return false
		}
	}

	// The signature covers all other values, in the order of their keys.
	delete(values, "signature")
	keys, parts := []string{}, []string{}
	for key := range values {
		keys = append(keys, key)
	}

	slices.Sort(keys)
	for _, key := range keys {
		parts = append(parts, values[key])
	}

	return hmac.Equal(
		[]byte(signature),
		[]byte(sign(s.privateKey, strings.Join(parts, ":"))),
	)
}

// implode reads one value, and returns what PHP makes of it between colons. Its
// numbers are integers.
func implode(d *json.Decoder) (string, error) {
	t, err := d.Token()
	if err != nil {
		return "", err
	}

	switch v := t.(type) {
	case json.Delim:
		var parts []string
		for d.More() {
			if v == '{' {
				if _, err := d.Token(); err != nil { // the key
					return "", err
				}
			}

			part, err := implode(d)
			if err != nil {
				return "", err
			}
			parts = append(parts, part)
		}

		if _, err := d.Token(); err != nil {
			return "", err
		}
		return strings.Join(parts, ":"), nil

	case bool:
		return map[bool]string{true: "1"}[v], nil
	case nil:
		return "", nil
	}

	return fmt.Sprint(t), nil
}

// phpString prints a string as json_encode does: as it usually does, or with
// JSON_UNESCAPED_SLASHES and JSON_UNESCAPED_UNICODE.
func phpString(text string, escaped bool) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	quoted := strings.TrimSuffix(out.String(), "\n")
	if !escaped {
		return quoted
	}

	out.Reset()
	for _, r := range strings.ReplaceAll(quoted, "/", `\/`) {
		switch {
		case r < 0x80:
			out.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		}
	}

	return out.String()
}
