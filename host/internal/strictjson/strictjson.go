// Package strictjson refuses JSON that two readers may understand differently.
//
// Go's decoder takes the last of two equal names, replaces half of a surrogate
// pair, and reads on in bytes that are not UTF-8. Others do not, so what came
// in would not be what goes to the provider, or what is given back.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep a text may be nested.
const MaxDepth = 64

// Check reports why data is not exactly one JSON value in UTF-8 without a name
// twice in one object, half of a surrogate pair, or more than MaxDepth levels.
// The error repeats no value. A number may have any size.
func Check(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not valid UTF-8")
	}

	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := value(decoder, 0); err != nil {
		return err
	}

	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body is more than one JSON value")
	}

	return surrogates(data)
}

// value reads one value.
func value(decoder *json.Decoder, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return notJSON(err)
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}

	if depth >= MaxDepth {
		return fmt.Errorf("the body is nested more than %d levels deep", MaxDepth)
	}

	seen := map[string]bool{}
	for decoder.More() {
		if open == '{' {
			token, err := decoder.Token()
			if err != nil {
				return notJSON(err)
			}
			name, _ := token.(string)
			if seen[name] {
				return errors.New("the body has a name twice in one object")
			}

			seen[name] = true
		}

		if err := value(decoder, depth+1); err != nil {
			return err
		}
	}

	if _, err := decoder.Token(); err != nil {
		return notJSON(err)
	}

	return nil
}

// notJSON keeps the decoder's words, which quote at most one character.
func notJSON(err error) error {
	return fmt.Errorf("the body is not valid JSON: %w", err)
}

// surrogates finds half a pair in the escapes of valid JSON: the decoder
// replaces each, so that two different texts become the same.
func surrogates(data []byte) error {
	for {
		at := bytes.IndexByte(data, '\\')
		if at < 0 {
			return nil
		}
		data = data[at:]
		first, ok := escaped(data)
		if !ok {
			data = data[2:] // another escape, such as \n or \\
			continue
		}

		data = data[len(`\u0000`):]
		if !utf16.IsSurrogate(first) {
			continue
		}
		second, _ := escaped(data)
		if utf16.DecodeRune(first, second) == utf8.RuneError {
			return errors.New("the body has half of a surrogate pair in a text")
		}

		data = data[len(`\u0000`):]
	}
}

// escaped reads the \uXXXX that data begins with.
func escaped(data []byte) (char rune, ok bool) {
	if len(data) < len(`\u0000`) || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	return rune(n), err == nil
}
