package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

const (
	payoutPath   = "/v2/withdrawal/create"
	activatePath = "/api/v1/transaction/activate"
	possiblePath = "/api/v1/possible-transaction"
)

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL: cfg.URL("", ""), Header: http.Header{"Accept": {"application/json"}}, SecretQuery: []string{"secret"},
	})
}

func post(path string, fields any) providerhttp.Request {
	data, _ := json.Marshal(fields) // texts and well-formed numbers always encode
	return providerhttp.Request{Method: http.MethodPost, Path: path, Body: providerhttp.JSON(data)}
}

// call makes a call whose answer is yes, or that a proof is being checked. The secret goes into the query of all calls
// but payouts, which are signed instead. [doc]
func (p *provider) call(ctx context.Context, req providerhttp.Request) (*answer, error) {
	if req.Path != payoutPath {
		if req.Query == nil {
			req.Query = url.Values{}
		}
		req.Query.Set("secret", p.cfg.Secret.Reveal())
	}
	resp, err := p.client.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	a, err := readAnswer(resp)
	if err == nil && a.pending() && req.Path != activatePath && req.Path != possiblePath {
		return nil, resp.Unexpected("it speaks of a proof that is being checked")
	}
	return a, err
}

// kind is what can be asked about: by postback with one name of our id, by pullpostbacks with another. [doc]
type kind struct {
	name, one, many, list string
	payouts               bool
}

var (
	deposits    = kind{"deposit", "custom_id", "plugin_custom_order_id", "transactions", false}
	withdrawals = kind{"withdrawal", "withdrawal_id", "withdrawal_id", "withdrawals", true}
)

// own gives those that are called reference. When none is, the id by which we asked counts for what has no other name,
// and for payouts whatever their name: in the document's own example it is another. A payment's is never. [decided]
func (k kind) own(postback signature.Value, reference string) []transaction {
	list := slices.DeleteFunc(transactions(postback), func(t transaction) bool { return t.payout != k.payouts })
	named := slices.DeleteFunc(slices.Clone(list), func(t transaction) bool { return t.reference != reference })
	if len(named) > 0 {
		return named
	}
	return slices.DeleteFunc(list, func(t transaction) bool { return t.reference != "" && !k.payouts })
}

// ask gives what was told of one payment or payout. That is nothing until it is finished. [doc]
func ask[S any](ctx context.Context, p *provider, k kind, reference string, read func([]transaction) *S) (*S, error) {
	query := url.Values{"type": {k.name}, k.one: {reference}}
	a, err := p.call(ctx, providerhttp.Request{Path: "/api/v1/postback", Query: query})
	if err != nil {
		return nil, err
	}
	list := k.own(a.At("postback"), reference)
	if len(list) == 0 {
		return nil, a.http.Unexpected("it has no postback about a " + k.name)
	}
	return read(list), nil
}

// pull asks for many, and gives those that are finished to found. They are matched by the id beside the postback. [doc]
func (p *provider) pull(ctx context.Context, k kind, references []string, found func(string, []transaction)) error {
	if len(references) == 0 {
		return sdk.NotSent(sdk.CodeInvalidRequest, "paykassma lists by references alone")
	}
	for some := range slices.Chunk(references, 50) { // a query must stay short [decided]
		query := url.Values{"type": {k.name}, k.many + "[]": some}
		a, err := p.call(ctx, providerhttp.Request{Path: "/api/v1/pullpostbacks", Query: query})
		if err != nil {
			return err
		}
		if a.At("data").Kind() == signature.KindNull { // [] is how PHP writes an empty object
			return a.http.Unexpected("it has no data")
		}
		for _, row := range a.At("data", k.list).Items() {
			reference := text(row, k.many)
			if list := k.own(row.At("postback"), reference); len(list) > 0 && slices.Contains(some, reference) {
				found(reference, list)
			}
		}
	}
	return nil
}
