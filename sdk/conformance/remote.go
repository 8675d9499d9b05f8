package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// Remote is a simulator in another process, which speaks the control protocol. It is a Simulator: what it is sent goes to
// the API of the one behind it.
type Remote struct {
	base   *url.URL
	said   description
	client *http.Client
	proxy  *httputil.ReverseProxy
}

// remoteTimeout bounds one control request.
const remoteTimeout = 10 * time.Second

// errNoProtocol is for an answer this is not the control protocol's.
var errNoProtocol = errors.New("this is not the control protocol")

// Dial asks the simulator at the address what it can do. The address is the base URL of the provider's API, and may have
// a path. When somebody answers there who does not speak the control protocol, there is an error and a Remote that can do
// nothing, for Partial.
func Dial(ctx context.Context, address string) (*Remote, error) {
	base, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" {
		return nil, fmt.Errorf("%q is not the address of a simulator: it must be like http://127.0.0.1:9090/acme", address)
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: parallel, IdleConnTimeout: remoteTimeout}
	r := &Remote{
		base:   base,
		client: &http.Client{Transport: transport, Timeout: remoteTimeout},
		proxy: &httputil.ReverseProxy{
			Transport: transport,
			Rewrite: func(p *httputil.ProxyRequest) {
				p.SetURL(base)
				p.SetXForwarded() // for whoever answers with an address of the API: it is to be the kit's
			},
			// A simulator that breaks off is passed on as just that.
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		},
	}
	sequence.CompareAndSwap(0, uint64(rand.Uint32()>>2)) //nolint:gosec // to be another one, not to be secret
	if err := r.get(ctx, "", nil, &r.said); err != nil {
		if !errors.Is(err, errNoProtocol) {
			return nil, fmt.Errorf("the simulator at %s: %w", address, err)
		}
		return r, fmt.Errorf("the simulator at %s does not say what it can do: %w; docs/conformance.md has "+
			"what a simulator must say", address, err)
	}
	return r, nil
}

// ServeHTTP passes a request on to the provider's API.
func (r *Remote) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.proxy.ServeHTTP(w, req) }

// Close lets go of the connections.
func (r *Remote) Close() { r.client.CloseIdleConnections() }

// HasConfig reports whether the simulator gives a plugin's configuration.
func (r *Remote) HasConfig() bool { return slices.Contains(r.said.Can, canConfig) }

// Sends reports whether the simulator has notices of the kind.
func (r *Remote) Sends(kind Oddity) bool { return slices.Contains(r.said.Odd, kind) }

// Config asks for a plugin's configuration whose base_url is the one given.
func (r *Remote) Config(ctx context.Context, baseURL string) (json.RawMessage, error) {
	var text json.RawMessage
	err := r.get(ctx, canConfig, url.Values{"base_url": {baseURL}}, &text)
	return text, err
}

func (r *Remote) controls() controls {
	c := controls{login: r.said.LoginPath, samples: r.said.Samples}
	if len(r.said.Odd) > 0 {
		c.odd = map[Oddity]func(context.Context, []string) ([]sdk.HTTPRequest, error){}
	}
	for _, oddity := range r.said.Odd {
		c.odd[oddity] = func(ctx context.Context, references []string) ([]sdk.HTTPRequest, error) {
			return r.requests(ctx, canWebhooks, url.Values{"oddity": {string(oddity)}, "reference": references})
		}
	}
	for _, can := range r.said.Can {
		switch can {
		case canBooks:
			c.books = r.books
		case canSettle:
			c.settle = r.settle
		case canWebhooks:
			c.webhooks = r.about(canWebhooks)
		case canReturns:
			c.returns = r.about(canReturns)
		}
	}
	return c
}

func (r *Remote) books(ctx context.Context) ([]fault.Entry, error) {
	var list bookList
	err := r.get(ctx, canBooks, nil, &list)
	return list.Entries, err
}

func (r *Remote) settle(ctx context.Context, reference string) error {
	body, err := json.Marshal(settleRequest{reference})
	if err != nil {
		return err
	}
	return r.do(ctx, http.MethodPost, canSettle, nil, body, nil)
}

// about asks for the requests that are about one reference.
func (r *Remote) about(what string) func(context.Context, string) ([]sdk.HTTPRequest, error) {
	return func(ctx context.Context, reference string) ([]sdk.HTTPRequest, error) {
		return r.requests(ctx, what, url.Values{"reference": {reference}})
	}
}

func (r *Remote) requests(ctx context.Context, what string, query url.Values) ([]sdk.HTTPRequest, error) {
	var list deliveries
	if err := r.get(ctx, what, query, &list); err != nil {
		return nil, err
	}
	var out []sdk.HTTPRequest
	for _, d := range list.Requests {
		h := sdk.HTTPRequest(d)
		h.Header = http.Header{} // keys as net/http has them, however the simulator writes them
		for key, values := range d.Header {
			h.Header[http.CanonicalHeaderKey(key)] = values
		}
		out = append(out, h)
	}
	return out, nil
}

func (r *Remote) get(ctx context.Context, what string, query url.Values, into any) error {
	return r.do(ctx, http.MethodGet, what, query, nil, into)
}

func (r *Remote) do(ctx context.Context, method, what string, query url.Values, body []byte, into any) error {
	to := *r.base
	to.Path += controlPath + what
	to.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxControlAnswer+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxControlAnswer:
		return fmt.Errorf("%s %s answers with more than %d bytes: %w", method, to.Path, maxControlAnswer, errNoProtocol)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s %s answers %s (%.200q): %w", method, to.Path, resp.Status, bytes.TrimSpace(text), errNoProtocol)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s %s does not answer with its JSON (%w): %w", method, to.Path, err, errNoProtocol)
	}
	return nil
}
