package providerhttp

import (
	"context"
	"crypto/x509"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// The defaults of Options, and a limit that no provider needs to change.
const (
	defaultTimeout     = 30 * time.Second
	defaultMaxResponse = 1 << 20
	defaultUserAgent   = "payhost-plugin"
	maxResponseHeader  = 64 << 10
)

// Options are what a provider's API needs. BaseURL is required.
type Options struct {
	// BaseURL is http or https, with or without a path, without query, fragment
	// and user information. Whether plain http is allowed is for the plugin's
	// configuration to say.
	BaseURL string
	// Timeout bounds one request from name lookup to the last byte of the
	// answer; 30 s when 0. The deadline of the call's context counts as well:
	// the earlier one ends the request.
	Timeout time.Duration
	// MaxResponse bounds the answer's body in bytes; 1 MiB when 0. A larger one
	// is an error.
	MaxResponse int64
	// Header is sent with every request; a Request's own Header replaces it
	// name by name.
	Header http.Header
	// Query is added to the address of every request, a Request's own Query
	// replaces it name by name; nil there leaves a name out. A Request's URL,
	// which the provider gave, gets none of it: it may lead to another host.
	Query url.Values
	// UserAgent is "payhost-plugin" when empty.
	UserAgent string
	// AllowHosts are hosts (with ":port" unless it is 443) besides that of
	// BaseURL which a Request's URL may name, over https only.
	AllowHosts []string

	// SecretQuery, SecretHeader and SecretFields name the query parameters, the
	// headers, and the keys of JSON or form bodies whose values are masked in
	// everything recorded, logged or said in an error, also where the provider
	// repeats a value. Authorization, Proxy-Authorization and Cookie are always
	// secret, and so are the configured secrets that Runtime.Mask knows. Case
	// does not matter.
	SecretQuery  []string
	SecretHeader []string
	SecretFields []string

	// RootCAs replaces the system's trust roots: tests set it.
	RootCAs *x509.CertPool
}

// Client calls one provider's API for one account. It may be used by several
// goroutines.
type Client struct {
	options Options
	base    *url.URL
	secrets secretNames
	mask    func(string) string
	logger  *slog.Logger
	now     func() time.Time

	// reused keeps connections alive, once never does. Both are rt.Transport
	// when that is set; then idle is nil.
	reused, once http.RoundTripper
	idle         *http.Transport // reused, as what it is
}

// New makes a client, which is closed with the account. Its error is an
// *sdk.Error that names the option which is wrong.
func New(rt sdk.Runtime, opts Options) (*Client, error) {
	base, err := parseBase(opts.BaseURL)
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	client := &Client{
		options: opts,
		base:    base,
		secrets: newSecretNames(opts),
		mask:    rt.Mask,
		logger:  rt.Logger,
		now:     rt.Now,
		reused:  rt.Transport,
		once:    rt.Transport,
	}

	// A Runtime made by hand, as in a test, may lack anything.
	if client.mask == nil {
		client.mask = func(text string) string { return text }
	}
	if client.logger == nil {
		client.logger = slog.New(slog.DiscardHandler)
	}

	if client.now == nil {
		client.now = time.Now
	}

	// Without a transport of a test there are real connections, of two kinds.
	if rt.Transport == nil {
		client.idle = newTransport(opts.RootCAs, keepAlive)
		client.reused = client.idle
		client.once = newTransport(opts.RootCAs, singleUse)
	}

	if rt.OnClose != nil {
		rt.OnClose(client.Close)
	}

	return client, nil
}

// withDefaults returns the options with what is left out filled in, and with
// headers and query that nothing else changes.
func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxResponse <= 0 {
		o.MaxResponse = defaultMaxResponse
	}

	if o.UserAgent == "" {
		o.UserAgent = defaultUserAgent
	}
	o.Header = o.Header.Clone()
	o.Query = maps.Clone(o.Query)

	return o
}

// Close drops the idle connections. Requests under way go on, and the client
// can still be used. A plugin need not call it: see sdk.Runtime.OnClose.
func (c *Client) Close() {
	if c.idle != nil {
		c.idle.CloseIdleConnections()
	}
}

// Do sends the request and reads the whole answer. Any answer that is complete
// HTTP and no redirect is a Response, whatever its status: the plugin says what
// a status or a body means. The error is always an *sdk.Error with the outcome
// that is proven, without secrets.
func (c *Client) Do(ctx context.Context, req Request) (*Response, error) {
	exchange, err := c.begin(ctx, req)
	if err != nil {
		return nil, err
	}

	// Recorded whatever its end: a failure is what the record is for.
	resp, failure := exchange.run()
	exchange.record(resp, failure)
	if failure != nil {
		return nil, failure
	}

	return resp, nil
}

// parseBase reads BaseURL.
func parseBase(text string) (*url.URL, error) {
	wrong := func(why string) error {
		return sdk.Invalid(sdk.Violation{Field: "base_url", Message: why})
	}

	base, err := url.Parse(text)
	switch {
	case err != nil: // its text repeats the address, which may hold a password
		return nil, wrong("is not a URL")
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, wrong("must begin with https:// or http://")
	case base.Hostname() == "":
		return nil, wrong("names no host")
	case base.User != nil:
		return nil, wrong("must not hold a user or password")
	case base.RawQuery != "",
		base.ForceQuery,
		base.Fragment != "",
		strings.HasSuffix(text, "#"):
		return nil, wrong("must not have a query or fragment")
	}

	return base, nil
}
