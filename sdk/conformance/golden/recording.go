package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// Recording is what a golden file holds. The same call has the same bytes:
// nothing in it depends on when it was made.
type Recording struct {
	// Verb is the verb's name in snake case, and Request the JSON of its
	// request message, as client.Account.Call takes both.
	Verb    string          `json:"verb"`
	Request json.RawMessage `json:"request"`
	// Answer is the JSON of the plugin's answer without the exchanges, and
	// Error the error in its place: one of the two.
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  *Failure        `json:"error,omitempty"`
	// Base is the provider's address. Nothing is compared with it.
	Base string `json:"base,omitempty"`
	// Exchanges are the plugin's requests to the provider, in their order.
	Exchanges []Exchange `json:"exchanges"`
}

// Failure is an sdk.Error.
type Failure struct {
	Code            string      `json:"code"`
	Outcome         string      `json:"outcome"`
	Message         string      `json:"message"` // for people: it is not compared
	ProviderCode    string      `json:"provider_code,omitempty"`
	ProviderMessage string      `json:"provider_message,omitempty"`
	Violations      []Violation `json:"violations,omitempty"`
}

// Violation is an sdk.Violation.
type Violation struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Exchange is an sdk.Exchange without its duration.
type Exchange struct {
	Method string `json:"method"`
	// URL is the path and query below Base; of a request to another address,
	// all of it.
	URL     string `json:"url"`
	Request Body   `json:"request,omitempty"`
	Status  int    `json:"status"` // 0 when no answer came
	Answer  Body   `json:"answer,omitempty"`
	Error   string `json:"error,omitempty"` // for people: what went wrong
	Sent    bool   `json:"sent"`
}

// Body is the text of a body. A file shows it as JSON when it is compact JSON
// of an object or a list, white space around it aside, and as a string
// otherwise: byte for byte the text that a plugin may verify a signature over.
type Body string

// MarshalJSON writes the body as the file shows it.
func (b Body) MarshalJSON() ([]byte, error) {
	text := strings.TrimSpace(string(b))
	var compact bytes.Buffer
	if isContainer(text) && (json.Compact(&compact, []byte(text)) == nil) &&
		(compact.String() == text) {
		return []byte(text), nil
	}
	return encode(string(b), "")
}

// UnmarshalJSON reads what MarshalJSON writes.
func (b *Body) UnmarshalJSON(data []byte) error {
	if isContainer(string(data)) {
		var compact bytes.Buffer
		err := json.Compact(&compact, data)
		*b = Body(compact.String())
		return err
	}

	var text *string
	if err := json.Unmarshal(data, &text); (err != nil) || (text == nil) {
		return errors.New("a body is a string, an object or a list")
	}
	*b = Body(*text)

	return nil
}

// isContainer reports whether a text begins like a JSON object or list.
func isContainer(text string) bool {
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

// Read reads a golden file.
func Read(file string) (*Recording, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	recording, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s is no golden file: %w", file, err)
	}
	return recording, nil
}

// Parse reads the text of a golden file. The recording can be played and
// encoded.
func Parse(data []byte) (*Recording, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var recording Recording
	if err := decoder.Decode(&recording); err != nil {
		return nil, err
	}

	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the recording")
	}

	return &recording, recording.check()
}

// check returns what a recording lacks.
func (r *Recording) check() error {
	switch {
	case r.Verb == "":
		return errors.New("verb is missing")
	case !isObject(r.Request):
		return errors.New("request is not an object")
	case (r.Answer == nil) == (r.Error == nil):
		return errors.New("it has one of answer and error")
	case (r.Answer != nil) && !isObject(r.Answer):
		return errors.New("answer is not an object")
	}

	for i, exchange := range r.Exchanges {
		if err := exchange.check(); err != nil {
			return fmt.Errorf("exchange %d: %w", i+1, err)
		}
	}

	return nil
}

func (e Exchange) check() error {
	if e.Method == "" {
		return errors.New("method is missing")
	}
	if _, err := url.Parse(e.URL); (err != nil) || (e.URL == "") {
		return errors.New("url is none")
	}

	if (e.Status != 0) && ((e.Status < 200) || (e.Status > 999)) {
		return fmt.Errorf("no answer has the status %d", e.Status)
	}

	return nil
}

func isObject(text json.RawMessage) bool {
	return bytes.HasPrefix(bytes.TrimSpace(text), []byte("{"))
}

// Encode returns the text of the golden file.
func (r *Recording) Encode() ([]byte, error) {
	whole := *r
	if whole.Exchanges == nil {
		whole.Exchanges = []Exchange{}
	}
	text, err := encode(whole, "  ")
	return append(text, '\n'), err
}

// encode writes JSON for people: < and & stay as they are.
func encode(value any, indent string) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
