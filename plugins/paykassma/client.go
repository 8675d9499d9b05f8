package main

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// The two calls that may be answered with a proof that is being checked.
const (
	activatePath = "/api/v1/transaction/activate"
	possiblePath = "/api/v1/possible-transaction"
)

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL:     cfg.URL("", ""),
		Header:      http.Header{"Accept": {"application/json"}},
		Query:       url.Values{"secret": {cfg.Secret.Reveal()}}, // of all calls but payouts [doc]
		SecretQuery: []string{"secret"},
	})
}

// do sends one request, once. An answer that it returns is a success, or says
// that a proof is being checked.
func (p *provider) do(ctx context.Context, req providerhttp.Request) (*answer, error) {
	resp, err := p.client.Do(ctx, req)
	if err != nil {
		return nil, err
	}

	got, err := readAnswer(resp)
	if err == nil && got.pending() && req.Path != activatePath && req.Path != possiblePath {
		return nil, resp.Unexpected("it speaks of a proof that is being checked")
	}
	return got, err
}

// find sends one request and returns what its answer has under the keys. A
// success that has nothing there answers something else.
func (p *provider) find(
	ctx context.Context, req providerhttp.Request, keys ...string,
) (answer, error) {
	got, err := p.do(ctx, req)
	if err != nil {
		return answer{}, err
	}

	got.Value = got.At(keys...)
	if got.Kind() == ordered.KindNull {
		return answer{}, got.resp.Unexpected("it has no " + strings.Join(keys, "."))
	}
	return *got, nil
}

// kind is what a query is about. paykassma has one name of our id in the query of
// one, postback, and another in the query of many, pullpostbacks. [doc]
type kind struct {
	name    string
	one     string
	many    string
	list    string
	payouts bool
}

var (
	deposits = kind{
		name: "deposit",
		one:  "custom_id",
		many: "plugin_custom_order_id",
		list: "transactions",
	}
	withdrawals = kind{
		name:    "withdrawal",
		one:     "withdrawal_id",
		many:    "withdrawal_id",
		list:    "withdrawals",
		payouts: true,
	}
)

// status queries one payment or payout. Its webhook is the answer, so there is
// none until it is finished. [doc]
func (p *provider) status(ctx context.Context, k kind, reference string) (sdk.Event, error) {
	query := url.Values{"type": {k.name}, k.one: {reference}}
	got, err := p.find(ctx, providerhttp.Get("/api/v1/postback", query), "postback")
	event, told := p.own(k, got.Value, reference)
	if err == nil && !told {
		err = got.resp.Unexpected("it has no postback about a " + k.name)
	}
	return event, err
}

// statuses queries many, and returns those that are finished. They are matched by
// the id beside the webhook. [doc]
func (p *provider) statuses(
	ctx context.Context, k kind, references []string,
) (list sdk.Transfers, err error) {
	for some := range slices.Chunk(references, 50) { // a query must stay short [decided]
		query := url.Values{"type": {k.name}, k.many + "[]": some}
		got, err := p.find(ctx, providerhttp.Get("/api/v1/pullpostbacks", query), "data")
		if err != nil {
			return nil, err
		}

		for _, row := range got.At(k.list).Elements() { // none when data is [], PHP's empty object
			reference := text(row, k.many)
			event, told := p.own(k, row.At("postback"), reference)
			if told && slices.Contains(some, reference) {
				list = append(list, event)
			}
		}
	}
	return list, nil
}

// own returns what a webhook that a query returned says of reference. When
// nothing in it has this name, it stands for those without a name, and for those
// of payouts: in the document's own example they have another. A payment's name is
// never another. [decided]
func (p *provider) own(
	k kind, postback ordered.Value, reference string,
) (event sdk.Event, told bool) {
	// An id is spelled as in a webhook that comes by itself.
	data, _, err := asSigned(postback.At("additional_data"))
	if err != nil {
		return event, false
	}
	if event, told = p.events(data, asNamed).Find(reference, k.payouts); told {
		return event, true
	}

	asQueried := func(name string) string {
		if name == "" || k.payouts {
			return reference
		}
		return name
	}
	return p.events(data, asQueried).Find(reference, k.payouts)
}

// readAnswer returns an answer that is JSON and not a refusal.
func readAnswer(resp *providerhttp.Response) (*answer, error) {
	// Whatever its body, and never an unknown order. [doc]
	if resp.Status == http.StatusNotFound {
		refused := sdk.AsError(resp.StatusError()).Means(sdk.CodeAuthentication)
		refused.Message = "paykassma answers 404 to a wrong secret and to addresses that it does not know"
		return nil, refused
	}

	got := &answer{resp: resp}
	if err := resp.DecodeJSON(&got.Value); err != nil {
		return nil, err
	}

	// An answer whose body says yes while its HTTP status says no proves
	// nothing.
	got.status = text(got.Value, "status")
	done := resp.Status >= 200 && resp.Status < 300
	success := got.status == "ok" || got.status == "success" || got.status == possible
	switch {
	case done && success, resp.Status == http.StatusBadRequest && !success && got.pending():
		return got, nil
	case success:
		return nil, resp.Unexpected("it says yes with an HTTP status that says no")
	case done && got.status != "fail" && got.status != "error":
		return nil, resp.Unexpected("its status is none that is documented")
	}
	return nil, refusal(got)
}

// messageCodes are of the messages that a refusal may have.
var messageCodes = providerhttp.MessageCodes{
	{"insufficient balance", sdk.CodeInsufficientFunds}, // [doc]
	{"wrong secret", sdk.CodeAuthentication},            // [doc]
	{"36205", sdk.CodeAuthentication},                   // the same, as a number or a text [doc]
	{"signature", sdk.CodeAuthentication},               // [decided]
	{"already", sdk.CodeDuplicate},                      // [decided]
	{"duplicate", sdk.CodeDuplicate},                    // [decided]
	{"not found", sdk.CodeNotFound},                     // of an order: it is not finished [doc]
}

// refusal returns the meaning of a refusal: by its message where that is known,
// else by its HTTP status and its form.
func refusal(got *answer) error {
	message := got.At("message")
	done := got.resp.Status < 300
	refused := got.resp.Refusal(
		text(got.Value, "code"),
		cmp.Or(message.Message(), got.At("errors").Message()),
	)

	switch {
	case done && refused.ProviderMessage == "":
		return got.resp.Unexpected("it names no error")
	case done && message.Kind() == ordered.KindObject: // what is wrong with which field [doc]
		refused.Code = sdk.CodeInvalidRequest
	}
	return messageCodes.Apply(refused)
}
