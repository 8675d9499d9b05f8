package conformance_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// The plugin that keeps the contract, and its provider: they can do just what
// the wrong servers of this package need.

type acmeConfig struct {
	sdk.Endpoint
	Shop string     `config:"shop,required,identity" doc:"The shop's number."`
	Key  sdk.Secret `config:"key,required" doc:"Sent with every request."`
	Note string     `config:"note" doc:"For people."`
}

const acmeKey = "acme/+key&9Qx2"

func acmeConfiguration(baseURL string) string {
	text, err := json.Marshal(map[string]string{
		"environment": "sandbox", "base_url": baseURL, "shop": "shop-0047", "key": acmeKey, "note": "a note",
	})
	if err != nil {
		panic(err) // texts only
	}
	return string(text)
}

type acme struct {
	cfg  acmeConfig
	http *providerhttp.Client
}

func newAcme(cfg acmeConfig, rt sdk.Runtime) (*acme, error) {
	client, err := providerhttp.New(
		rt,
		providerhttp.Options{
			BaseURL: cfg.URL("https://sandbox.acme.example", "https://acme.example"),
		},
	)
	return &acme{cfg, client}, err
}

func (p *acme) Close() error {
	p.http.Close()
	return nil
}

func (*acme) Info() sdk.Info {
	least := decimal.NewFromInt(5)
	most := decimal.NewFromInt(2000)
	decimals := int32(2)

	return sdk.Info{
		Name:        "acme",
		Version:     "1.0.0",
		Description: "A provider for wrong servers.",
		Currencies:  []string{"EUR"},
		PayoutLimits: []sdk.AmountLimit{
			{Currency: "EUR", Min: &least, Max: &most, Decimals: &decimals},
		},
		Operations: []sdk.Operation{{
			Name:         "top_up",
			Description:  "Puts money in.",
			MovesMoney:   true,
			InputSchema:  json.RawMessage(`{"type":"object"}`),
			OutputSchema: json.RawMessage(`{"type":"object"}`),
		}},
	}
}

func (p *acme) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	got, err := p.call(ctx, http.MethodGet, "/balance", nil)
	if err != nil {
		return nil, err
	}
	return []sdk.Balance{
		{Amount: sdk.Money{Amount: got.Amount.Decimal, Currency: "EUR"}},
	}, nil
}

func (p *acme) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	got, err := p.call(ctx, http.MethodPost, "/payouts", map[string]string{
		"order": req.Reference, "amount": req.Amount.Amount.String(),
	})
	if err != nil {
		return nil, err
	}
	return &sdk.Payout{ProviderReference: got.ID, Status: sdk.PayoutProcessing}, nil
}

func (p *acme) InvokeOperation(
	ctx context.Context,
	_ sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	if _, err := p.call(ctx, http.MethodPost, "/top-ups", nil); err != nil {
		return nil, err
	}
	return json.RawMessage(`{}`), nil
}

type acmeAnswer struct {
	ID     string              `json:"id"`
	Amount providerhttp.Amount `json:"amount"`
}

func (p *acme) call(
	ctx context.Context,
	method, path string,
	in map[string]string,
) (acmeAnswer, error) {
	var got acmeAnswer
	body, err := json.Marshal(in)
	if err != nil {
		return got, sdk.NotSent(sdk.CodeInternal, "the request cannot be written: %v", err)
	}

	req := providerhttp.Request{
		Method: method,
		Path:   path,
		Header: http.Header{"Authorization": {"Bearer " + p.cfg.Key.Reveal()}},
	}
	if method == http.MethodPost {
		req.Body = providerhttp.JSON(body)
	}

	resp, err := p.http.Do(ctx, req)
	switch {
	case err != nil:
		return got, err
	case resp.Status > 299:
		return got, resp.StatusError()
	}

	if err := resp.DecodeJSON(&got); err != nil {
		return got, err
	}
	if got.ID == "" || !got.Amount.Present {
		return got, resp.Unexpected("every answer has id and amount")
	}

	return got, nil
}

// acmeProvider is the API in memory.
type acmeProvider struct{ books ledger.Ledger }

func (s *acmeProvider) Ledger() *ledger.Ledger { return &s.books }

func (s *acmeProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Order  string          `json:"order"`
		Amount decimal.Decimal `json:"amount"`
	}
	if r.Header.Get("Authorization") != "Bearer "+acmeKey {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}

	if r.Method == http.MethodPost && json.NewDecoder(r.Body).Decode(&in) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}

	id := strconv.Itoa(len(s.books.Entries()) + 1)
	if r.URL.Path == "/payouts" {
		s.books.Add(
			ledger.Entry{
				Kind:     ledger.Payout,
				ID:       id,
				OrderID:  in.Order,
				Amount:   in.Amount,
				Currency: "EUR",
				Status:   "sent",
				Moved:    true,
			},
		)
	}

	_ = json.NewEncoder(w).Encode(map[string]string{"id": id, "amount": in.Amount.String()})
}
