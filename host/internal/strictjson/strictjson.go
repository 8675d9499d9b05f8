// Package strictjson refuses JSON that two readers may understand differently.
//
// Go's decoder takes the last of two equal names, replaces half of a surrogate
// pair, and continues after bytes that are not UTF-8. Other decoders do not. So
// a request could reach the provider, or be shown, otherwise than it was sent.
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

// escapeLength is the length of an escape such as \u0041.
const escapeLength = len(`\u0041`)

// Check returns an error unless data is exactly one JSON value in UTF-8,
// without a name twice in one object, half of a surrogate pair, or more than
// MaxDepth levels. The error repeats no value. A number may have any size.
func Check(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not valid UTF-8")
	}

	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := checkValue(decoder, 0); err != nil {
		return err
	}

	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body is more than one JSON value")
	}

	// The decoder has replaced what this looks for.
	return checkSurrogates(data)
}

// checkValue reads one value.
func checkValue(decoder *json.Decoder, depth int) error {
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

	names := map[string]bool{}
	for decoder.More() {
		if open == '{' {
			if err := checkName(decoder, names); err != nil {
				return err
			}
		}

		if err := checkValue(decoder, depth+1); err != nil {
			return err
		}
	}

	if _, err := decoder.Token(); err != nil { // the closing bracket
		return notJSON(err)
	}

	return nil
}

// checkName reads a name of an object and adds it to the names.
func checkName(decoder *json.Decoder, names map[string]bool) error {
	token, err := decoder.Token()
	if err != nil {
		return notJSON(err)
	}
	name, _ := token.(string) // the decoder allows nothing else here
	if names[name] {
		return errors.New("the body has a name twice in one object")
	}

	names[name] = true
	return nil
}

// notJSON keeps the text of the decoder's error, which quotes at most one
// character.
func notJSON(err error) error {
	return fmt.Errorf("the body is not valid JSON: %w", err)
}

// checkSurrogates finds half a pair in the escapes of valid JSON. The decoder
// replaces each half by the same character, so that two different texts become
// equal.
func checkSurrogates(data []byte) error {
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

		data = data[escapeLength:]
		if !utf16.IsSurrogate(first) {
			continue
		}
		second, _ := escaped(data)
		if utf16.DecodeRune(first, second) == utf8.RuneError {
			return errors.New("the body has half of a surrogate pair in a text")
		}

		data = data[escapeLength:]
	}
}

// escaped reads the \uXXXX that data begins with.
func escaped(data []byte) (char rune, ok bool) {
	if len(data) < escapeLength || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(data[2:escapeLength]), 16, 16)
	return rune(code), err == nil
}
