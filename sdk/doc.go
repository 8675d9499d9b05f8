// Package sdk has the types of a payment-provider plugin: what its author
// implements, gets and returns. Nothing in it runs.
//
// # What a plugin is
//
// A plugin is a program whose main hands a constructor to package serve:
//
//	func main() { serve.Provider(newProvider) }
//
// A host starts it, gives it one or more accounts, and calls its verbs: create a
// payment, ask for its status, read a webhook. Package serve does what all
// plugins share: the handshake with the host, several accounts in one process,
// strict configuration, recovery from panics, masking of secrets, and a clean
// end. Package providerhttp is the client for the provider's API, signature
// holds digests and canonical forms, and providertest proves that a plugin keeps
// the contract, by the cases of the conformance kit. The provider's own protocol
// is what is left.
//
// The rest of this text is a whole plugin, step by step; put together and
// running it is this package's Example. `payhost plugin new` makes a longer one
// in a folder, with a simulator and tests.
//
// # 1. The configuration
//
// Tags say the keys, defaults and bounds, which values are secret, and which say
// who we are to the provider (see DecodeConfig). The SDK decodes strictly and
// reports everything that is wrong at once:
//
//	type config struct {
//		sdk.Endpoint            // environment and base_url
//		Shop         string     `config:"shop,required,identity" doc:"The shop's number at the provider."`
//		Key          sdk.Secret `config:"key,required" doc:"Sent with requests; signs webhooks."`
//	}
//
// # 2. The provider
//
// One value serves one account, any number of calls at once. The constructor
// calls nobody: an account can be configured while the provider is away. The
// client is closed with the account; anything else that must end with it goes to
// rt.OnClose.
//
//	type provider struct {
//		cfg  config
//		http *providerhttp.Client
//	}
//
//	func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
//		client, err := providerhttp.New(rt, providerhttp.Options{
//			BaseURL: cfg.URL("https://sandbox.pay.example", "https://pay.example"),
//		})
//		return &provider{cfg, client}, err
//	}
//
// Info is asked before there is an account, so it does not read its receiver.
// Its IdempotencySupport decides what the host may do when an answer is lost:
// claim only what the provider's document promises, since the conformance kit
// really retries.
//
//	func (*provider) Info() sdk.Info {
//		return sdk.Info{
//			Name:       "pay",
//			Version:    "1.0.0",
//			Currencies: []string{"EUR"},
//			CreatePayment: sdk.IdempotencySupport{
//				Retry:    sdk.RetryReturnsOriginal,
//				LinkOnly: true,
//			},
//			PaymentLookup: sdk.Lookup{ByReference: true, Amounts: true},
//			WebhookTrust:  []sdk.WebhookTrust{sdk.TrustSignature},
//		}
//	}
//
// # 3. The verbs
//
// A provider can do what its type implements: PaymentCreator, PaymentGetter,
// PayoutCreator, WebhookParser and so on, each one method, with its obligations
// in the interface's comment; Provider has those that all share. Reference is
// ours and unique for ever; the merchant's own need not be.
//
//	func (p *provider) CreatePayment(
//		ctx context.Context, req sdk.CreatePaymentRequest,
//	) (*sdk.Payment, error) {
//		order := map[string]string{
//			"shop":   p.cfg.Shop,
//			"order":  req.Reference,
//			"amount": req.Amount.Amount.String(),
//			"notify": req.NotifyURL,
//		}
//		return p.call(ctx, http.MethodPost, "/orders", order)
//	}
//
//	func (p *provider) GetPayment(
//		ctx context.Context, req sdk.GetPaymentRequest,
//	) (*sdk.Payment, error) {
//		path := "/orders/" + url.PathEscape(req.Payment.Reference)
//		return p.call(ctx, http.MethodGet, path, nil)
//	}
//
// # 4. Answers and errors
//
// A failed call says whether the provider may have acted: OutcomeNotSent,
// OutcomeRefused, or OutcomeUnknown for everything that is not proven
// (docs/errors.md has the table). A verb makes a request once; the host decides
// whether it is repeated.
//
//	resp, err := p.http.Do(ctx, req)
//	if err != nil {
//		return nil, err // it says by itself whether anything was sent
//	}
//	var got order
//	if err := resp.DecodeJSON(&got); err != nil {
//		return nil, err // no answer of the provider's: the outcome stays unknown
//	}
//
//	switch {
//	case resp.Status == http.StatusUnprocessableEntity && got.Error != "":
//		return nil, sdk.Refused(sdk.CodeDeclined, got.Error, "") // the provider's own refusal
//	case resp.Status != http.StatusOK:
//		return nil, resp.StatusError()
//	case got.State == "":
//		return nil, resp.Unexpected("an order has a state")
//	}
//	return got.payment(), nil
//
// The provider's words become ours by a table. A word that is not in it is
// PaymentUnderReview, never a guess.
//
//	var states = map[string]sdk.PaymentStatus{
//		"open":   sdk.PaymentRequiresAction,
//		"paid":   sdk.PaymentSucceeded,
//		"closed": sdk.PaymentExpired,
//	}
//
// # 5. Webhooks
//
// A webhook is stored before the plugin sees it and can be read again at any
// time. Say how it is proven (Verification); without a proof the host only asks
// the provider.
//
//	want := signature.HMACSHA256Hex(p.cfg.Key.Reveal(), string(req.Request.Body))
//	if !signature.EqualAny(want, req.Request.HeaderValues("Signature")...) {
//		return nil, sdk.NotSent(sdk.CodeInvalidSignature, "the webhook is not signed with key")
//	}
//
// A genuine webhook comes once: read it as far as it can be read.
// Payment.ReadAmount puts a success whose amount cannot be read under review,
// and an odd time or an unrelated field changes nothing.
//
// There are helpers for what many providers do: providerhttp.Fields reads a
// webhook that is JSON, a form or a query, in any encoding, Networks are the
// addresses that unsigned ones must come from, OK is the answer that most
// providers want to hear, and Transfers makes events of a list of single
// transfers.
//
// # 6. The proof
//
// One test call runs the conformance kit: see providertest.Run. Each failing
// case quotes the sentence of the contract that it enforces. docs/contract has
// the whole contract, docs/versions.md says what may change in it, and
// docs/writing-a-plugin.md has the steps from a provider's document to a plugin
// in use.
package sdk
