package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// Remote is a simulator in another process, which speaks the control protocol.
// It is a Simulator: requests to it go to the API of the one behind it.
type Remote struct {
	base   *url.URL
	said   description
	client *http.Client
	proxy  *httputil.ReverseProxy
}

const (
	// remoteTimeout bounds one control request.
	remoteTimeout = 10 * time.Second
	// idleConnections is how many the kit uses at once, at the most.
	idleConnections = 16
)

// errNoProtocol is for an answer that is not the control protocol's.
var errNoProtocol = errors.New("this is not the control protocol")

// Dial asks the simulator at the address what it can do. The address is the
// base URL of the provider's API, and may have a path. When a server answers
// there that does not speak the control protocol, Dial returns an error
// together with a Remote that has no controls, for conformance.Partial. The
// caller closes the Remote.
func Dial(ctx context.Context, address string) (*Remote, error) {
	base, err := url.Parse(strings.TrimRight(address, "/"))
	if (err != nil) || (base.Host == "") || (base.RawQuery != "") ||
		((base.Scheme != "http") && (base.Scheme != "https")) {
		return nil, fmt.Errorf("%q is not the address of a simulator: "+
			"it must be like http://127.0.0.1:9090/acme", address)
	}

	transport := &http.Transport{
		DisableCompression:  true,
		MaxIdleConnsPerHost: idleConnections,
		IdleConnTimeout:     remoteTimeout,
	}
	r := &Remote{
		base:   base,
		client: &http.Client{Transport: transport, Timeout: remoteTimeout},
		proxy: &httputil.ReverseProxy{
			Transport: transport,
			Rewrite: func(p *httputil.ProxyRequest) {
				p.SetURL(base)
				p.SetXForwarded() // addresses of the API in answers must be the kit's
			},
			// The plugin sees a simulator that breaks off as just that.
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		},
	}

	// A server that answers anything else is perhaps the provider itself.
	err = r.get(ctx, "", nil, &r.said)
	if errors.Is(err, errNoProtocol) {
		return r, fmt.Errorf(
			"the simulator at %s does not say what it can do: %w; docs/conformance.md has "+
				"what a simulator must say",
			address,
			err,
		)
	}

	if err != nil {
		return nil, fmt.Errorf("the simulator at %s: %w", address, err)
	}

	return r, nil
}

// ServeHTTP passes a request on to the provider's API.
func (r *Remote) ServeHTTP(
	w http.ResponseWriter,
	req *http.Request,
) {
	r.proxy.ServeHTTP(w, req)
}

// Close closes the idle connections.
func (r *Remote) Close() { r.client.CloseIdleConnections() }

// HasConfig reports whether the simulator has a configuration for plugins.
func (r *Remote) HasConfig() bool { return slices.Contains(r.said.Can, canConfig) }

// Sends reports whether the simulator has webhooks of the kind.
func (r *Remote) Sends(kind Oddity) bool { return slices.Contains(r.said.Odd, kind) }

// Config asks for a plugin's configuration whose base_url is the one given.
func (r *Remote) Config(ctx context.Context, baseURL string) (json.RawMessage, error) {
	var text json.RawMessage
	err := r.get(ctx, canConfig, url.Values{"base_url": {baseURL}}, &text)
	return text, err
}

func (r *Remote) controls() Controls {
	controls := Controls{LoginPath: r.said.LoginPath, Samples: r.said.Samples}
	if len(r.said.Odd) > 0 {
		controls.Odd = map[Oddity]func(context.Context, []string) ([]sdk.HTTPRequest, error){}
	}

	for _, oddity := range r.said.Odd {
		controls.Odd[oddity] = func(ctx context.Context, references []string) ([]sdk.HTTPRequest, error) {
			query := url.Values{"oddity": {string(oddity)}, "reference": references}
			return r.requests(ctx, canWebhooks, query)
		}
	}

	for _, can := range r.said.Can {
		switch can {
		case canBooks:
			controls.Books = r.books
		case canSettle:
			controls.Settle = r.settle
		case canWebhooks:
			controls.Webhooks = r.about(canWebhooks)
		case canReturns:
			controls.Returns = r.about(canReturns)
		}
	}

	return controls
}

func (r *Remote) books(ctx context.Context) ([]ledger.Entry, error) {
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

// about returns the control that asks for the requests about one reference.
func (r *Remote) about(
	what string,
) func(context.Context, string) ([]sdk.HTTPRequest, error) {
	return func(ctx context.Context, reference string) ([]sdk.HTTPRequest, error) {
		return r.requests(ctx, what, url.Values{"reference": {reference}})
	}
}

func (r *Remote) requests(
	ctx context.Context, what string, query url.Values,
) ([]sdk.HTTPRequest, error) {
	var list deliveries
	if err := r.get(ctx, what, query, &list); err != nil {
		return nil, err
	}

	var out []sdk.HTTPRequest
	for _, d := range list.Requests {
		request := sdk.HTTPRequest(d)

		// Keys as net/http has them, however the simulator writes them.
		request.Header = http.Header{}
		for key, values := range d.Header {
			request.Header[http.CanonicalHeaderKey(key)] = values
		}

		out = append(out, request)
	}

	return out, nil
}

func (r *Remote) get(ctx context.Context, what string, query url.Values, into any) error {
	return r.do(ctx, http.MethodGet, what, query, nil, into)
}

// do makes one control request and reads its answer into the value, if that is
// not nil.
func (r *Remote) do(
	ctx context.Context,
	method, what string,
	query url.Values,
	body []byte,
	into any,
) error {
	address := *r.base
	address.Path += controlPath + what
	address.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(
		ctx,
		method,
		address.String(),
		bytes.NewReader(body),
	)
	if err != nil {
		return err
	}

	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read

	text, err := io.ReadAll(io.LimitReader(resp.Body, maxControlAnswer+1))
	if err != nil {
		return err
	}

	// One byte more than the limit tells that there is more.
	if len(text) > maxControlAnswer {
		return fmt.Errorf("%s %s answers with more than %d bytes: %w",
			method, address.Path, maxControlAnswer, errNoProtocol)
	}

	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s answers %s (%.200q): %w",
			method, address.Path, resp.Status, bytes.TrimSpace(text), errNoProtocol)
	}

	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s %s does not answer with its JSON (%w): %w",
			method, address.Path, err, errNoProtocol)
	}

	return nil
}
