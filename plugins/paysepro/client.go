package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL:      cfg.URL(cfg.Addresses()),
		AllowHosts:   []string{"paysepro.com", "api.paysepro.com"},
		Header:       http.Header{"Accept": {"application/json"}},
		SecretHeader: []string{"signature"},
	})
}

// do sends one request, once, signed for a country.
func (p *provider) do(
	ctx context.Context, cc string, req providerhttp.Request,
) (*providerhttp.Response, error) {
	req.Header = http.Header{"signature": {requestSignature(p.cfg, cc)}}
	return p.client.Do(ctx, req)
}

// getData asks what the module offers in a country. [doc] The document's sample
// sends an empty POST: its text says GET.
func (p *provider) getData(ctx context.Context, cc string) (*module, error) {
	resp, err := p.do(ctx, cc, providerhttp.Request{
		Path:  "/getData.php",
		Query: url.Values{"uid": {p.cfg.UID}, "mid": {p.cfg.MID}, "cc": {cc}},
	})
	if err != nil {
		return nil, err
	}

	// Only an answer that could be read takes the place of the one before.
	got, err := readModule(resp)
	if err == nil {
		got.until = p.rt.Now().Add(keep)
		p.modules.Store(cc, got) // at most one for each pair of letters
	}
	return got, err
}

// createCode starts a payment at the address that getData named, or at the usual
// one.
func (p *provider) createCode(
	ctx context.Context, known *module, cc string, form url.Values,
) (*sdk.Payment, error) {
	resp, err := p.do(ctx, cc, providerhttp.Request{
		Method: http.MethodPost,
		URL:    known.gateway,
		Path:   "/createCode.php",
		Body:   providerhttp.Form(form),
	})
	if err != nil {
		return nil, err
	}
	return readCode(resp, known.currency)
}

// readAnswer decodes an answer that is JSON and not an error into out.
func readAnswer(resp *providerhttp.Response, out interface{ head() *answer }) error {
	if err := resp.DecodeJSON(out); err != nil {
		return err
	}
	return refusal(resp, string(out.head().Error), string(out.head().Message))
}

// codes are the error codes of both calls. [doc] 08 and 17, errors within
// Paysepro, prove nothing.
var codes = map[string]sdk.Code{
	// A field is empty or unknown.
	"01": sdk.CodeInvalidRequest,
	"02": sdk.CodeInvalidRequest,
	"03": sdk.CodeInvalidRequest,
	"04": sdk.CodeInvalidRequest,
	"16": sdk.CodeInvalidRequest,
	"32": sdk.CodeInvalidRequest,

	// Ids, access data, key, signature.
	"05": sdk.CodeAuthentication,
	"06": sdk.CodeAuthentication,
	"11": sdk.CodeAuthentication,
	"22": sdk.CodeAuthentication,
	"40": sdk.CodeAuthentication,

	// Disabled or not set up.
	"07": sdk.CodePermission,
	"09": sdk.CodePermission,
	"10": sdk.CodePermission,
	"18": sdk.CodePermission,
	"19": sdk.CodePermission,
	"20": sdk.CodePermission,
	"26": sdk.CodePermission,
	"27": sdk.CodePermission,
	"28": sdk.CodePermission,
	"29": sdk.CodePermission,

	"08": sdk.CodeUnavailable,
	"12": sdk.CodeInsufficientFunds,
	"17": sdk.CodeUnavailable,
	"31": sdk.CodeNotFound,
}

// refusal returns the error that an answer is, by its code and then by its HTTP
// status; nil for a success. Only 0, "0" and "00" are a success; a code is a text
// of two digits, which a number may have lost one of. [decided]
func refusal(resp *providerhttp.Response, code, message string) error {
	if code == "0" || code == "00" {
		if resp.Status != http.StatusOK {
			return resp.Unexpected("it says success with an HTTP status that says otherwise")
		}
		return nil
	}

	full := strings.Repeat("0", max(0, 2-len(code))) + code
	means, known := codes[full]
	if !known {
		return resp.Unexpected("it has no error code that the document knows")
	}

	// A failing server proves nothing, whatever its code.
	if resp.Status >= http.StatusInternalServerError {
		means = sdk.CodeUnavailable
	}
	return sdk.Refused(means, code, message).Means(means)
}
