package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

const (
	activatePath = "/api/v1/transaction/activate"
	possiblePath = "/api/v1/possible-transaction"
)

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL: cfg.URL("", ""), Header: http.Header{"Accept": {"application/json"}},
		Query: url.Values{"secret": {cfg.Secret.Reveal()}}, SecretQuery: []string{"secret"}, // of all calls but payouts [doc]
	})
}

// call makes a call whose answer is yes, or that a proof is being checked.
func (p *provider) call(ctx context.Context, req providerhttp.Request) (*answer, error) {
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

// find makes a call and gives what its answer has under the keys. A yes that has nothing there answers something else.
func (p *provider) find(ctx context.Context, req providerhttp.Request, keys ...string) (answer, error) {
	a, err := p.call(ctx, req)
	if err != nil {
		return answer{}, err
	}
	if a.Value = a.At(keys...); a.Kind() == ordered.KindNull {
		return answer{}, a.http.Unexpected("it has no " + strings.Join(keys, "."))
	}
	return *a, nil
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

// own gives what a postback that we asked for says of reference. When nothing in it has this name, it stands for those
// without one, and for those of payouts: in the document's own example they have another. A payment's name is never
// another. [decided]
func (p *provider) own(k kind, postback ordered.Value, reference string) (e sdk.Event, told bool) {
	// An id is spelled as in a postback that comes by itself.
	data, _, err := asSigned(postback.At("additional_data"))
	if err != nil {
		return e, false
	}
	if e, told := p.transfers(data, asNamed).Find(reference, k.payouts); told {
		return e, told
	}
	asAsked := func(name string) string {
		if name == "" || k.payouts {
			return reference
		}
		return name
	}
	return p.transfers(data, asAsked).Find(reference, k.payouts)
}

// ask gives what was told of one payment or payout. That is nothing until it is finished. [doc]
func (p *provider) ask(ctx context.Context, k kind, reference string) (sdk.Event, error) {
	query := url.Values{"type": {k.name}, k.one: {reference}}
	a, err := p.find(ctx, providerhttp.Get("/api/v1/postback", query), "postback")
	e, told := p.own(k, a.Value, reference)
	if err == nil && !told {
		err = a.http.Unexpected("it has no postback about a " + k.name)
	}
	return e, err
}

// pull asks for many, and gives those that are finished. They are matched by the id beside the postback. [doc]
func (p *provider) pull(ctx context.Context, k kind, references []string) (list sdk.Transfers, err error) {
	for some := range slices.Chunk(references, 50) { // a query must stay short [decided]
		query := url.Values{"type": {k.name}, k.many + "[]": some}
		a, err := p.find(ctx, providerhttp.Get("/api/v1/pullpostbacks", query), "data")
		if err != nil {
			return nil, err
		}
		for _, row := range a.At(k.list).Elements() { // none when data is [], PHP's empty object
			reference := text(row, k.many)
			if e, told := p.own(k, row.At("postback"), reference); told && slices.Contains(some, reference) {
				list = append(list, e)
			}
		}
	}
	return list, nil
}
