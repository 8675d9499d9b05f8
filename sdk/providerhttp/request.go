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
	// MovesMoney is set where a repeat of this request could move money or make
	// something twice: it is then sent on a fresh connection, once, also when
	// it is a GET. Every method but GET and HEAD is treated so anyway.
	MovesMoney bool
}

// Get is a GET of a path, with these parameters.
func Get(path string, query url.Values) Request { return Request{Path: path, Query: query} }

// Query makes parameters of pairs of name and value. A pair with an empty value
// is left out.
func Query(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

// PostJSON is a POST of a value as JSONOf writes it.
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
func (c *Client) build(ctx context.Context, request Request) (*http.Request, error) {
	target, err := c.target(request)
	if err != nil {
		return nil, err
	}

	// The texts of these errors may repeat a value or the address.
	if request.Body.err != nil {
		return nil, sdk.NotSent(
			sdk.CodeInternal,
			"the body of the request cannot be written as JSON",
		)
	}

	body := bytes.NewReader(request.Body.data)
	req, err := http.NewRequestWithContext(ctx, request.method(), target.String(), body)
	if err != nil {
		return nil, sdk.NotSent(sdk.CodeInternal, "the method of the request is not valid")
	}

	// Without it net/http cannot send the body again.
	if request.once() {
		req.GetBody = nil
	}

	req.Header.Set("User-Agent", c.options.UserAgent)
	if request.Body.contentType != "" {
		req.Header.Set("Content-Type", request.Body.contentType)
	}

	for _, header := range []http.Header{c.options.Header, request.Header} {
		for name, values := range header {
			if slices.ContainsFunc(values, unsafeInHeader) {
				return nil, sdk.NotSent(sdk.CodeInvalidRequest,
					"the value of header %q holds a control character", name)
			}

			req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}

	return req, nil
}

// unsafeInHeader reports whether a value could begin another header.
func unsafeInHeader(value string) bool {
	return strings.ContainsFunc(value, func(char rune) bool {
		return (char < ' ' && char != '\t') || char == 0x7f
	})
}

// target returns the address of the request, checked.
func (c *Client) target(request Request) (*url.URL, error) {
	target, err := c.address(request)
	if err != nil {
		return nil, err
	}

	for segment := range strings.SplitSeq(target.Path, "/") {
		if segment == "." || segment == ".." {
			return nil, sdk.NotSent(sdk.CodeInvalidRequest,
				`the path of the request has a "." or ".." segment`)
		}
	}

	// An address that the provider gave gets nothing of ours: it may lead to
	// another host.
	query := request.Query
	if request.URL == "" && len(c.options.Query) > 0 {
		query = maps.Clone(c.options.Query)
		maps.Copy(query, request.Query)
	}

	if text := query.Encode(); text != "" {
		if target.RawQuery != "" {
			target.RawQuery += "&"
		}
		target.RawQuery += text
	}

	return target, nil
}

// address returns the address of the request, on a host that it may be on.
func (c *Client) address(request Request) (*url.URL, error) {
	if request.URL != "" {
		// The provider gave the address: the account's credentials, which go
		// with it in the headers, must reach no other host.
		target, err := url.Parse(request.URL)
		if err != nil || !c.allowed(target) {
			return nil, sdk.NotSent(sdk.CodeInvalidRequest,
				"the address of the request is not on a host that this provider may use")
		}
		return target, nil
	}

	if strings.ContainsAny(request.Path, "?#") {
		return nil, sdk.NotSent(sdk.CodeInternal,
			`the path of the request holds "?" or "#": parameters go in Query`)
	}

	text := strings.TrimSuffix(c.base.String(), "/")
	if request.Path != "" {
		text += "/" + strings.TrimPrefix(request.Path, "/")
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

// allowed reports whether an address that the provider gave may be used.
func (c *Client) allowed(target *url.URL) bool {
	if target.User != nil || target.Fragment != "" || target.Opaque != "" {
		return false
	}
	if target.Scheme == c.base.Scheme && strings.EqualFold(target.Host, c.base.Host) {
		return true
	}

	// Another host is for https alone, where its certificate proves it.
	host := strings.TrimSuffix(target.Host, ":443")
	isListed := slices.ContainsFunc(c.options.AllowHosts, func(allowed string) bool {
		return strings.EqualFold(host, strings.TrimSuffix(allowed, ":443"))
	})

	return isListed && target.Scheme == "https"
}
