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

// sender keeps no connection, and follows no redirect: a real provider's
// success page is not its business.
var sender = &http.Client{
	Timeout:       10 * time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Posted is a notice in the body of a POST.
func Posted(contentType, body string) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method:        http.MethodPost,
		Header:        http.Header{"Content-Type": {contentType}},
		Body:          []byte(body),
		RemoteAddress: Address,
		ReceivedAt:    time.Now().UTC(),
	}
}

// Got is a notice in the query of a GET, or a customer's browser that comes
// back with it.
func Got(query string) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method:        http.MethodGet,
		Query:         query,
		Header:        http.Header{},
		RemoteAddress: Address,
		ReceivedAt:    time.Now().UTC(),
	}
}

// Key returns the key that a notice is signed with: another one than key where
// a fault says so.
func (c *Core) Key(key string) string {
	if c.WrongSignature() {
		return "not " + key
	}
	return key
}

// WrongSignature reports whether the next notice is to be a forged one. A
// provider that signs none says in one that it is about somebody else.
func (c *Core) WrongSignature() bool { return c.faults.Take(fault.WrongSignature) }

// Send delivers a notice as the faults say (twice, or after the next one),
// where notices are sent and to is an address. It is sent up to tries times,
// until accepted says that it was answered as it is to be; nil takes any
// answer. Send waits for that, but a caller who gives it up does not end it.
func (c *Core) Send(
	ctx context.Context,
	to string,
	notice sdk.HTTPRequest,
	tries int,
	accepted func(*http.Response) bool,
) {
	if !c.Notices || to == "" {
		return
	}
	ctx = context.WithoutCancel(ctx)
	c.faults.Send(func() { Deliver(ctx, to, notice, tries, accepted) })
}

// Deliver sends a notice, whatever the faults say, and reports whether it was
// accepted.
func Deliver(
	ctx context.Context,
	to string,
	notice sdk.HTTPRequest,
	tries int,
	accepted func(*http.Response) bool,
) bool {
	for range tries {
		req, err := http.NewRequestWithContext(
			ctx,
			notice.Method,
			WithQuery(to, notice.Query),
			bytes.NewReader(notice.Body),
		)
		if err != nil {
			return false
		}

		req.Header = notice.Header.Clone()
		resp, err := sender.Do(req)
		if err != nil {
			continue
		}

		done := accepted == nil || accepted(resp)
		_ = resp.Body.Close()
		if done {
			return true
		}
	}

	return false
}
