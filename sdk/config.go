package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// DecodeConfig reads a plugin's configuration, the JSON text of one object, into a C. C is a struct whose tags are the
// rules:
//
//	type config struct {
//		sdk.Endpoint            // environment and base_url, which every plugin has
//		WebsiteID string        `config:"website_id,required,identity" doc:"The website's number at the provider."`
//		SecretKey sdk.Secret    `config:"secret_key,required" doc:"Signs every request."`
//		Tolerance time.Duration `config:"webhook_tolerance" default:"5m" min:"1s" max:"1h" doc:"How old a notice may be."`
//	}
//
// The tags, and what holds without them:
//
//   - config:"key" names the key, 1 to 64 characters of A-Z a-z 0-9 _ -, matched to the letter. Every exported field
//     needs it; config:"-" leaves the field out. Without a config tag the name in a json tag counts.
//   - config:"key,required": the key must have a value. Default: it may be absent.
//   - config:"key,identity": the value says who we are to the provider. It becomes part of
//     AccountInfo.IdentityFingerprint, from which a weak value could be guessed: tag account numbers, not passwords.
//     Default: the value can change, as a rotated secret does, without anybody's notice.
//   - default:"value": what an absent key gets; for a list, values with commas between them. Default: the zero value.
//     Not for secrets and required keys.
//   - min:"…" and max:"…": bounds, both inclusive, of an int, a decimal.Decimal or a time.Duration. Default: none.
//   - oneof:"a,b": the only values that a text can have. Default: any text; for Environment, sandbox and live.
//   - format:"uri": the text is an absolute http or https URL without user information. Default: any text.
//   - doc:"…": one line about the key, for the schema. Default: none.
//
// What a field can be, and what is read into it:
//
//   - string, or a type made of it: text without control characters, and without white space at its ends when it is
//     tagged identity.
//   - Secret: the same, never with white space at its ends.
//   - []string and []Secret: one text, or a list of texts. For a secret that is being rotated, newest first.
//   - bool: true or false.
//   - int: a number without point and exponent.
//   - decimal.Decimal: a number, or text, of digits with at most one point; read exactly.
//   - time.Duration: text such as "30s" or "1h30m".
//   - a struct: an object with keys of its own. It has its defaults also when it is absent.
//   - a list of structs: a list of objects.
//
// Fields of an embedded struct count as the outer one's. Empty text is the same as an absent key. A null is an error.
//
// When C or *C has a method Validate() []Violation, it is called last, for what tags cannot say; so is that of every
// struct within that is given. It must expect fields whose value was refused to be zero; what it says of their keys is
// dropped, so everything wrong is reported at once and every key once.
//
// The error is an *Error with CodeInvalidRequest and OutcomeNotSent. Its Violations are in the order of the struct,
// unknown keys last; each Field is a path such as "keys[1]" or "bank.code". No message holds a value that was given,
// and a secret is masked even in what Validate says.
//
// A struct with tags that make no sense, or a field of another type, is a mistake in the program: it panics.
func DecodeConfig[C any](text []byte) (C, error) {
	var cfg, none C
	if err := decodeConfig(text, reflect.ValueOf(&cfg).Elem(), "the configuration is", "", ""); err != nil {
		return none, err
	}
	return cfg, nil
}

// DecodeOptions reads a request's Options, the caller's provider_options, into a struct with the tags and rules of
// DecodeConfig. The fields of its violations begin with "provider_options.". No options, and null, are an empty
// object. On failure the struct that into points to keeps what it had.
func DecodeOptions(raw json.RawMessage, into any) error {
	return decodeRequest(raw, into, "the provider options are", "provider_options", "provider_options.")
}

// DecodeInput reads an operation's input as DecodeOptions does; the fields of its violations are the keys alone.
func DecodeInput(raw json.RawMessage, into any) error {
	return decodeRequest(raw, into, "the input is", "input", "")
}

func decodeRequest(raw json.RawMessage, into any, what, name, prefix string) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		panic(fmt.Sprintf("sdk: %s must be decoded into a pointer to a struct, not %T", name, into))
	}
	if string(bytes.TrimSpace(raw)) == "null" {
		raw = nil
	}
	value := reflect.New(target.Type().Elem()).Elem()
	if err := decodeConfig(raw, value, what, name, prefix); err != nil {
		return err
	}
	target.Elem().Set(value)
	return nil
}
