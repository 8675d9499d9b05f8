package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// Call is one call to a plugin as it went, of which Record makes a Recording.
type Call struct {
	Verb            string
	Request, Answer json.RawMessage
	Err             error // in place of an answer
	Exchanges       []sdk.Exchange
	// BaseURL is the address of the provider's API that the account is
	// configured with; "" when it has none of its own.
	BaseURL string
	// Mask takes the account's secrets out of a text; nil takes out nothing. A
	// plugin that keeps the contract has done so as well.
	Mask func(string) string
}

// Record returns the recording of a call, masked once more. An error says that
// the request or the answer is not a JSON object.
func Record(call Call) (*Recording, error) {
	keep := keeper{base: baseOf(call), mask: call.Mask}
	if keep.mask == nil {
		keep.mask = func(text string) string { return text }
	}

	request, err := keep.json(call.Request)
	if err != nil {
		return nil, fmt.Errorf("the request is no JSON object: %w", err)
	}
	recording := &Recording{
		Verb:      call.Verb,
		Base:      keep.mask(keep.base),
		Request:   request,
		Exchanges: []Exchange{},
	}

	if call.Err != nil {
		recording.Error = keep.failure(sdk.AsError(call.Err))
	} else {
		recording.Answer, err = keep.json(call.Answer)
		if err != nil {
			return nil, fmt.Errorf("the answer is no JSON object: %w", err)
		}
	}

	for _, exchange := range call.Exchanges {
		recording.Exchanges = append(recording.Exchanges, keep.exchange(exchange))
	}

	// A recording that could not be read back must fail now, while the call can
	// be repeated.
	return recording, recording.check()
}

// baseOf returns the configured address, or else the host of the first request.
func baseOf(call Call) string {
	address := call.BaseURL
	if (address == "") && (len(call.Exchanges) > 0) {
		first, err := url.Parse(call.Exchanges[0].URL)
		if err != nil {
			return ""
		}
		address = (&url.URL{Scheme: first.Scheme, Host: first.Host}).String()
	}

	base, err := url.Parse(address)
	if err != nil {
		return ""
	}
	// A recording holds no secret: credentials in the address must not get into
	// it.
	base.User = nil
	base.RawQuery = ""
	base.Fragment = ""

	return strings.TrimRight(base.String(), "/")
}

// below returns the path and query of an address under base, and any other
// address as it is.
func below(base, address string) string {
	rest, under := strings.CutPrefix(address, base)
	switch {
	case !under || (base == ""):
		return address
	case rest == "":
		return "/"
	case (rest[0] == '/') || (rest[0] == '?'):
		return rest
	}

	return address
}

// keeper turns the parts of a call into those of a recording.
type keeper struct {
	base string
	mask func(string) string
}

// message keeps the provider's address out of a text for people: it may be
// another one the next time.
func (k keeper) message(text string) string {
	base, err := url.Parse(k.base)
	if (err == nil) && (base.Host != "") {
		text = strings.ReplaceAll(text, base.Host, "{host}")
	}
	return k.mask(text)
}

func (k keeper) exchange(e sdk.Exchange) Exchange {
	return Exchange{
		Method:  e.Method,
		URL:     k.mask(below(k.base, e.URL)),
		Request: Body(k.mask(e.RequestBody)),
		Status:  e.Status,
		Answer:  Body(k.mask(e.ResponseBody)),
		Error:   k.message(e.Error),
		Sent:    e.Sent,
	}
}

func (k keeper) failure(err *sdk.Error) *Failure {
	failure := &Failure{
		Code:            string(err.Code),
		Outcome:         string(err.Outcome),
		Message:         k.message(err.Message),
		ProviderCode:    k.mask(err.ProviderCode),
		ProviderMessage: k.mask(err.ProviderMessage),
	}

	for _, violation := range err.Violations {
		failure.Violations = append(failure.Violations, Violation{
			Field:   violation.Field,
			Message: k.mask(violation.Message),
		})
	}

	return failure
}

// json sorts the keys of an object, masks its texts and drops the exchanges,
// which a recording has in a place of their own.
func (k keeper) json(text json.RawMessage) (json.RawMessage, error) {
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil {
		return nil, err
	}
	delete(members, "exchanges")
	return encode(k.value(members), "")
}

// value masks the texts of a decoded value. A number becomes a text when it
// holds a secret.
func (k keeper) value(value any) any {
	switch v := value.(type) {
	case string:
		return k.mask(v)
	case json.Number:
		if shown := k.mask(v.String()); shown != v.String() {
			return shown
		}
	case []any:
		for i := range v {
			v[i] = k.value(v[i])
		}

	case map[string]any:
		masked := make(map[string]any, len(v))
		for name, member := range v {
			masked[k.mask(name)] = k.value(member)
		}
		return masked
	}

	return value
}
