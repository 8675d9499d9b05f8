// Command careless is a plugin that breaks the contract: it shows its key, does not say that its token is a secret, takes
// any answer for a yes, and breaks down when it is asked to end.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/serve"
)

type config struct {
	sdk.Endpoint
	Key   sdk.Secret `config:"key,required" doc:"Sent with every request."`
	Token string     `config:"token" doc:"Sent with every request, wherever there is room."`
}

type provider struct {
	cfg    config
	client *providerhttp.Client
}

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := providerhttp.New(rt, providerhttp.Options{BaseURL: cfg.URL("https://careless.example", "https://careless.example")})
	return &provider{cfg, client}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{Name: "careless", Version: "1", Description: "Breaks the contract", Currencies: []string{"USD"}}
}

func (p *provider) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	request := providerhttp.Request{Method: http.MethodPost, Path: "/pay"}
	members := map[string]string{"order": req.Reference}
	if p.cfg.Token != "" {
		members["token"], request.Query = p.cfg.Token, url.Values{"token": {p.cfg.Token}}
		request.Path += "/" + url.PathEscape(p.cfg.Token)
	}
	body, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	request.Body = providerhttp.JSON(body)
	if _, err := p.client.Do(ctx, request); err != nil {
		return nil, err
	}
	link := &sdk.Redirect{URL: "https://careless.example/pay?key=" + url.QueryEscape(p.cfg.Key.Reveal())}
	return &sdk.Payment{Status: sdk.PaymentRequiresAction, NextAction: &sdk.NextAction{Redirect: link}}, nil
}

// Close breaks down, which nobody sees but whoever looks at the exit status.
func (*provider) Close() error {
	os.Exit(3)
	return nil
}

func main() { serve.Provider(newProvider) }
