package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

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

// getData asks what the module offers in a country. [doc] The document's sample sends an empty POST: its text says GET.
func (p *provider) getData(ctx context.Context, cc string) (*module, error) {
	resp, err := p.client.Do(ctx, providerhttp.Request{
		Path:   "/getData.php",
		Query:  url.Values{"uid": {p.cfg.UID}, "mid": {p.cfg.MID}, "cc": {cc}},
		Header: http.Header{"signature": {sign(p.cfg, cc)}},
	})
	if err != nil {
		return nil, err
	}
	m, err := readModule(resp)
	if err == nil {
		m.until = p.rt.Now().Add(keep)
		p.modules.Store(cc, m) // at most one for each pair of letters
	}
	return m, err
}

// createCode starts a payment at the address that getData gave, or at the usual one.
func (p *provider) createCode(ctx context.Context, m *module, cc string, form url.Values) (*sdk.Payment, error) {
	resp, err := p.client.Do(ctx, providerhttp.Request{
		Method: http.MethodPost, URL: m.gateway, Path: "/createCode.php",
		Header: http.Header{"signature": {sign(p.cfg, cc)}},
		Body:   providerhttp.Form(form),
	})
	if err != nil {
		return nil, err
	}
	return readCode(resp, m.currency)
}

// keep is for how long an answer of getData serves payments. [decided]
const keep = 5 * time.Minute

// module gives what getData said of a country, of late or now. Until it is answered, nothing of a payment was sent.
func (p *provider) module(ctx context.Context, cc string) (*module, error) {
	known, _ := p.modules.Load(cc)
	if m, ok := known.(*module); ok && p.rt.Now().Before(m.until) {
		return m, nil
	}
	m, err := p.getData(ctx, cc)
	return m, sdk.AsNotSent("getData", err)
}
