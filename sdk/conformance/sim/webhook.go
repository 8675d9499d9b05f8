package sim

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// Address is where the requests of simulated providers come from, and the
// browsers of their customers.
const Address = "198.51.100.7"

// sender keeps no connection, and follows no redirect: a real provider does not
// open the shop's pages.
var sender = &http.Client{
	Timeout:       10 * time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Posted returns a webhook in the body of a POST, received now.
func Posted(contentType, body string) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method:        http.MethodPost,
		Header:        http.Header{"Content-Type": {contentType}},
		Body:          []byte(body),
		RemoteAddress: Address,
		ReceivedAt:    time.Now().UTC(),
	}
}

// Got returns a webhook in the query of a GET, or a customer's browser that
// comes back with it, received now.
func Got(query string) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method:        http.MethodGet,
		Query:         query,
		Header:        http.Header{},
		RemoteAddress: Address,
		ReceivedAt:    time.Now().UTC(),
	}
}

// Key returns the key that a webhook is signed with: another one than key when
// a fault says so.
func (c *Core) Key(key string) string {
	if c.WrongSignature() {
		return "not " + key
	}
	return key
}

// WrongSignature reports whether the next webhook is to be a forged one. A
// provider that signs none says in one that it is about another customer.
func (c *Core) WrongSignature() bool { return c.faults.Take(fault.WrongSignature) }

// Send delivers a webhook as the faults say (twice, or after the next one), if
// SendWebhooks is set and to is an address. It sends up to tries times, until
// accepted reports that the answer is the right one; a nil accepted takes any
// answer. Send waits for that, but the end of ctx does not end it.
func (c *Core) Send(
	ctx context.Context, to string, webhook sdk.HTTPRequest,
	tries int, accepted func(*http.Response) bool,
) {
	if !c.SendWebhooks || (to == "") {
		return
	}
	ctx = context.WithoutCancel(ctx)
	c.faults.Send(func() { Deliver(ctx, to, webhook, tries, accepted) })
}

// Deliver sends a webhook like Core.Send, whatever the faults say, and reports
// whether it was accepted.
func Deliver(
	ctx context.Context, to string, webhook sdk.HTTPRequest,
	tries int, accepted func(*http.Response) bool,
) bool {
	address := WithQuery(to, webhook.Query)
	for range tries {
		body := bytes.NewReader(webhook.Body)
		req, err := http.NewRequestWithContext(ctx, webhook.Method, address, body)
		if err != nil {
			return false
		}

		req.Header = webhook.Header.Clone()

		// A merchant that is away for a moment is tried again.
		resp, err := sender.Do(req)
		if err != nil {
			continue
		}
		done := (accepted == nil) || accepted(resp)
		_ = resp.Body.Close()
		if done {
			return true
		}
	}

	return false
}
