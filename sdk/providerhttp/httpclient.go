package providerhttp

import (
	"bytes"
	"io"
	"net/http"
	"strconv"

	"github.com/payhost/payhost/sdk"
)

// HTTPClient returns an http.Client for a provider's official SDK, under the
// rules of this package: limits, hosts, sent or not, nothing sent twice, each
// exchange recorded and logged without secrets. It may be used by several
// goroutines.
//
// A request must be for the host of Options.BaseURL or one of AllowHosts. It
// gets the headers of Options.Header that it does not have, and none of
// Options.Query. Every request with another method than GET and HEAD, or with
// an Idempotency-Key, has a connection of its own. Whether the SDK itself
// repeats requests is for its own settings: switch that off.
//
// A request that fails ends in an error of which sdk.AsError returns the
// *sdk.Error with its outcome. An answer is read as a whole before the SDK sees
// it, and a redirect is an error. Return sdk.AsError(err), not the SDK's error:
// http.Client puts the address into its text.
func (c *Client) HTTPClient() *http.Client {
	return &http.Client{Transport: roundTripper{client: c}}
}

// roundTripper carries the requests of an official SDK.
type roundTripper struct{ client *Client }

// RoundTrip sends the request as Do does.
func (t roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		read, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, sdk.NotSent(
				sdk.CodeInternal,
				"the body of the request cannot be read",
			)
		}

		body = read
	}

	// The answer is to come as it is: it is read here, not by the SDK.
	header := req.Header.Clone()
	header.Del("Accept-Encoding")

	answer, err := t.client.Do(req.Context(), Request{
		Method:     req.Method,
		URL:        req.URL.String(),
		Header:     header,
		Body:       Raw(req.Header.Get("Content-Type"), body),
		MovesMoney: hasIdempotencyKey(header),
	})
	if err != nil {
		return nil, err
	}

	return &http.Response{
		Status:        strconv.Itoa(answer.Status) + " " + http.StatusText(answer.Status),
		StatusCode:    answer.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        answer.Header,
		Body:          io.NopCloser(bytes.NewReader(answer.Body)),
		ContentLength: int64(len(answer.Body)),
		Request:       req,
	}, nil
}

// hasIdempotencyKey reports whether net/http would take the request for one
// that can be sent again.
func hasIdempotencyKey(header http.Header) bool {
	_, key := header["Idempotency-Key"]
	_, old := header["X-Idempotency-Key"]
	return key || old
}
