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
	// Mask takes the account's secrets out of a text; nil takes out nothing.
	// The plugin has done so as well, if it keeps the contract.
	Mask func(string) string
}

// Record returns the recording of a call, masked once more. The error says that
// its JSON is none.
func Record(c Call) (*Recording, error) {
	k := keeper{base: baseOf(c), mask: c.Mask}
	if k.mask == nil {
		k.mask = func(text string) string { return text }
	}
	r := &Recording{Verb: c.Verb, Base: k.mask(k.base), Exchanges: []Exchange{}}
	var err error
	if r.Request, err = k.json(c.Request); err != nil {
		return nil, fmt.Errorf("the request is no JSON object: %w", err)
	}

	if c.Err != nil {
		r.Error = k.failure(sdk.AsError(c.Err))
	} else if r.Answer, err = k.json(c.Answer); err != nil {
		return nil, fmt.Errorf("the answer is no JSON object: %w", err)
	}

	for _, e := range c.Exchanges {
		r.Exchanges = append(r.Exchanges, Exchange{
			Method:  e.Method,
			URL:     k.mask(below(k.base, e.URL)),
			Request: Body(k.mask(e.RequestBody)),
			Status:  e.Status,
			Answer:  Body(k.mask(e.ResponseBody)),
			Error:   k.message(e.Error),
			Sent:    e.Sent,
		})
	}

	return r, r.check()
}

// baseOf is the configured address, or else where the first request went.
func baseOf(c Call) string {
	address := c.BaseURL
	if address == "" && len(c.Exchanges) > 0 {
		u, err := url.Parse(c.Exchanges[0].URL)
		if err != nil {
			return ""
		}
		address = (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
	}

	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User = nil
	u.RawQuery = ""
	u.Fragment = ""

	return strings.TrimRight(u.String(), "/")
}

// below returns the path and query of an address under base, and any other
// address as it is.
func below(base, address string) string {
	rest, under := strings.CutPrefix(address, base)
	switch {
	case !under || base == "":
		return address
	case rest == "":
		return "/"
	case rest[0] == '/' || rest[0] == '?':
		return rest
	}

	return address
}

// keeper turns what was said into what is kept.
type keeper struct {
	base string
	mask func(string) string
}

// message keeps the provider's address out of a text for people: it may be
// another one the next time.
func (k keeper) message(text string) string {
	if u, err := url.Parse(k.base); err == nil && u.Host != "" {
		text = strings.ReplaceAll(text, u.Host, "{host}")
	}
	return k.mask(text)
}

func (k keeper) failure(e *sdk.Error) *Failure {
	f := &Failure{
		Code:            string(e.Code),
		Outcome:         string(e.Outcome),
		Message:         k.message(e.Message),
		ProviderCode:    k.mask(e.ProviderCode),
		ProviderMessage: k.mask(e.ProviderMessage),
	}

	for _, v := range e.Violations {
		f.Violations = append(
			f.Violations,
			Violation{Field: v.Field, Message: k.mask(v.Message)},
		)
	}

	return f
}

// json sorts the keys of an object, masks its texts and drops the exchanges,
// which are kept by themselves.
func (k keeper) json(text json.RawMessage) (json.RawMessage, error) {
	var members map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&members); err != nil {
		return nil, err
	}
	delete(members, "exchanges")
	return encode(k.value(members), "")
}

func (k keeper) value(v any) any {
	switch v := v.(type) {
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
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[k.mask(name)] = k.value(member)
		}
		return out
	}

	return v
}
