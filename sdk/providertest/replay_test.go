package providertest

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/golden"
	"github.com/payhost/payhost/sdk/providerhttp"
)

type balanceConfig struct {
	sdk.Endpoint
	Key sdk.Secret `config:"key,required"`
	// Path and Name are what may go wrong in a plugin.
	Path string `config:"path" default:"/v1/balance"`
	Name string `config:"name" default:"main"`
}

type balanceProvider struct {
	cfg    balanceConfig
	client *providerhttp.Client
	now    func() string
}

func newBalanceProvider(cfg balanceConfig, rt sdk.Runtime) (*balanceProvider, error) {
	client, err := providerhttp.New(
		rt,
		providerhttp.Options{BaseURL: cfg.URL("", ""), SecretQuery: []string{"key"}},
	)
	return &balanceProvider{
		cfg,
		client,
		func() string { return rt.Now().Format("150405") },
	}, err
}

func (*balanceProvider) Info() sdk.Info { return sdk.Info{Name: "acme", Version: "1"} }

func (p *balanceProvider) Close() error {
	p.client.Close()
	return nil
}

func (p *balanceProvider) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	resp, err := p.client.Do(ctx, providerhttp.Request{
		Path:  p.cfg.Path,
		Query: url.Values{"key": {p.cfg.Key.Reveal()}, "time": {p.now()}},
	})
	if err != nil {
		return nil, err
	}

	var money struct {
		Amount   providerhttp.Amount `json:"amount"`
		Currency string              `json:"currency"`
	}
	if err := resp.DecodeJSON(&money); err != nil {
		return nil, err
	}

	return []sdk.Balance{
		{
			Name:   p.cfg.Name,
			Amount: sdk.Money{Amount: money.Amount.Decimal, Currency: money.Currency},
		},
	}, nil
}

func balances(members map[string]string) func(string) string {
	return func(baseURL string) string {
		all := map[string]string{
			"environment": "sandbox",
			"base_url":    baseURL,
			"key":         "a-secret-of-the-test",
		}
		for name, value := range members {
			all[name] = value
		}

		text, _ := json.Marshal(all) // texts
		return string(text)
	}
}

const (
	recordedBalances = "testdata/get_balances.json"
	recordedLoss     = "testdata/get_balances_lost.json"
)

func TestReplay(t *testing.T) {
	Replay(t, newBalanceProvider, balances(nil), recordedBalances, golden.Varying("time"))
	Replay(t, newBalanceProvider, balances(nil), recordedLoss, golden.Varying("time"))
}

// A plugin that changed fails, in what it says to its provider and in what it
// makes of the answer.
func TestReplayNoticesWhatChanged(t *testing.T) {
	for _, c := range []struct {
		name, file string
		config     map[string]string
		varying    string
		says       string // in what is wrong, or in why nothing could be replayed
	}{
		{"the request", recordedBalances, map[string]string{"path": "/v2/balance"}, "time", `get_balances.json: request 1 (GET /v2/balance): the path was "/v1/balance"`},
		{"the answer", recordedBalances, map[string]string{"name": "all"}, "time", `answer.balances[0].name: is not the same: recorded "main", now "all"`},
		{"a time", recordedBalances, nil, "", "query.time: is not the same"},
		{"another outcome", recordedBalances, map[string]string{"path": "?"}, "time", "the call failed, and had succeeded"},
		{"the request is not made", recordedLoss, map[string]string{"path": "?"}, "time", "request 1 was not made"},
		{"the configuration", recordedBalances, map[string]string{"pth": ""}, "time", "the configuration is not accepted"},
		{"no file", "testdata/none.json", nil, "", "no such file"},
		{"no golden file", "main_test.go", nil, "", "main_test.go is no golden file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong, err := replay(
				t.Context(),
				newBalanceProvider,
				balances(c.config),
				c.file,
				[]golden.Option{golden.Varying(c.varying)},
			)
			if err != nil {
				wrong = append(wrong, err.Error())
			}

			if said := strings.Join(wrong, "\n"); !strings.Contains(said, c.says) {
				t.Errorf("it says %q and not %q", said, c.says)
			}
		})
	}
}

func TestRecordedServesTheProvidersPart(t *testing.T) {
	baseURL := Recorded(t, recordedBalances, golden.Varying("time"))
	cfg, err := sdk.DecodeConfig[balanceConfig]([]byte(balances(nil)(baseURL)))
	if err != nil {
		t.Fatal(err)
	}

	p := &balanceProvider{cfg: cfg, now: func() string { return "now" }}
	if p.client, err = providerhttp.New(sdk.Runtime{}, providerhttp.Options{BaseURL: baseURL}); err != nil {
		t.Fatal(err)
	}
	defer p.client.Close()

	list, err := p.GetBalances(t.Context())
	if err != nil || len(list) != 1 || list[0].Amount.Amount.String() != "12.5" {
		t.Errorf("got %v, %v", list, err)
	}
}
