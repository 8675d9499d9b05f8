package providerhttp

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// Request is one request to the provider.
type Request struct {
	// Method is GET when empty.
	Method string
	// Path is appended to BaseURL, in its escaped form: variable parts go
	// through url.PathEscape. A "." or ".." segment is refused, so that no
	// value can lead to another endpoint.
	Path string
	// URL, used in place of Path when not empty, is an absolute address that
	// the provider itself gave. It must have the scheme and host of BaseURL, or
	// be https on a host of Options.AllowHosts.
	URL string
	// Query is added to the address, sorted by key, and replaces Options.Query
	// name by name.
	Query url.Values
	// Header replaces Options.Header name by name, and the Body's content type.
	Header http.Header
	// Body is made with JSON, JSONOf, Form, Multipart or Raw; the zero Body is
	// an empty one.
	Body Body
	// MovesMoney says that a repeat of this request could move money or make
	// something twice: it is then sent on a fresh connection, once, also when
	// it is a GET. Every method but GET and HEAD is treated so anyway.
	MovesMoney bool
}

// Get asks for what is at a path, with these parameters.
func Get(path string, query url.Values) Request { return Request{Path: path, Query: query} }

// Query is made of pairs of name and value. A pair with an empty value is left
// out.
func Query(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

// PostJSON sends a value as JSONOf writes it.
func PostJSON(path string, value any) Request {
	return Request{Method: http.MethodPost, Path: path, Body: JSONOf(value)}
}

func (r Request) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

// once reports whether net/http must have no chance to send the request again.
func (r Request) once() bool {
	return r.MovesMoney || (r.method() != http.MethodGet && r.method() != http.MethodHead)
}

// build makes the net/http request. Its errors are mistakes of the plugin or of
// values that came into it: nothing was sent.
func (c *Client) build(ctx context.Context, r Request) (*http.Request, error) {
	target, err := c.target(r)
	if err != nil {
		return nil, err
	}
	if r.Body.err != nil { // its text may repeat a value
		return nil, sdk.NotSent(
			sdk.CodeInternal,
			"the body of the request cannot be written as JSON",
		)
	}

	req, err := http.NewRequestWithContext(
		ctx,
		r.method(),
		target.String(),
		bytes.NewReader(r.Body.data),
	)
	if err != nil { // its text may repeat the address
		return nil, sdk.NotSent(sdk.CodeInternal, "the method of the request is not valid")
	}

	if r.once() {
		req.GetBody = nil
	}
	req.Header.Set("User-Agent", c.options.UserAgent)
	if r.Body.contentType != "" {
		req.Header.Set("Content-Type", r.Body.contentType)
	}

	for _, h := range []http.Header{c.options.Header, r.Header} {
		for name, values := range h {
			if slices.ContainsFunc(values, unsafeInHeader) {
				return nil, sdk.NotSent(
					sdk.CodeInvalidRequest,
					"the value of header %q holds a control character",
					name,
				)
			}

			req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}

	return req, nil
}

func unsafeInHeader(value string) bool {
	return strings.ContainsFunc(
		value,
		func(c rune) bool { return (c < ' ' && c != '\t') || c == 0x7f },
	)
}

// target is the address of the request, checked.
func (c *Client) target(r Request) (*url.URL, error) {
	target, err := c.address(r)
	if err != nil {
		return nil, err
	}

	for segment := range strings.SplitSeq(target.Path, "/") {
		if segment == "." || segment == ".." {
			return nil, sdk.NotSent(
				sdk.CodeInvalidRequest,
				`the path of the request has a "." or ".." segment`,
			)
		}
	}

	query := r.Query
	if r.URL == "" && len(c.options.Query) > 0 {
		query = maps.Clone(c.options.Query)
		maps.Copy(query, r.Query)
	}

	if text := query.Encode(); text != "" {
		if target.RawQuery != "" {
			target.RawQuery += "&"
		}
		target.RawQuery += text
	}

	return target, nil
}

func (c *Client) address(r Request) (*url.URL, error) {
	if r.URL != "" {
		target, err := url.Parse(r.URL)
		if err != nil || !c.allowed(target) {
			return nil, sdk.NotSent(
				sdk.CodeInvalidRequest,
				"the address of the request is not on a host that this provider may use",
			)
		}

		return target, nil
	}

	if strings.ContainsAny(r.Path, "?#") {
		return nil, sdk.NotSent(
			sdk.CodeInternal,
			`the path of the request holds "?" or "#": parameters go in Query`,
		)
	}

	text := strings.TrimSuffix(c.base.String(), "/")
	if r.Path != "" {
		text += "/" + strings.TrimPrefix(r.Path, "/")
	}
	target, err := url.Parse(text)
	if err != nil {
		return nil, sdk.NotSent(
			sdk.CodeInvalidRequest,
			"the path of the request is not valid",
		)
	}

	return target, nil
}

func (c *Client) allowed(target *url.URL) bool {
	if target.User != nil || target.Fragment != "" || target.Opaque != "" {
		return false
	}
	if target.Scheme == c.base.Scheme && strings.EqualFold(target.Host, c.base.Host) {
		return true
	}

	host := strings.TrimSuffix(target.Host, ":443")
	return target.Scheme == "https" &&
		slices.ContainsFunc(c.options.AllowHosts, func(allowed string) bool {
			return strings.EqualFold(host, strings.TrimSuffix(allowed, ":443"))
		})
}
