package inbox

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// queryWait bounds how long a customer waits while the provider is queried.
const queryWait = 5 * time.Second

// ReturnHandler serves any method on /return/{token} and /return/{provider},
// also below the path of public_url and with slashes at the end: the customer's
// browser coming back. Its content is recorded and, if it is signed,
// applied; then the customer is sent on with 303 to the URL that the merchant
// gave for this payment, with payment_id and status added, or shown a plain
// page when there is none. Where the customer goes never depends on what the
// request says.
func (b *Inbox) ReturnHandler() http.Handler {
	return notForServiceWorkers(b.bounded(func(w http.ResponseWriter, r *http.Request) {
		secret, ok := b.below("/return/", r)
		if !ok || (secret == "") || strings.Contains(secret, "/") {
			http.NotFound(w, r)
			return
		}

		// A token that this host cannot check may be genuine: it is not
		// refused.
		back, err := b.returnOf(r.Context(), secret)
		switch {
		case errors.Is(err, errNotOurs):
			http.NotFound(w, r)
		case err != nil:
			b.later(w, "", err)
		default:
			b.processReturn(w, r, back)
		}
	}))
}

// returnOf returns a request that belongs to what a return URL belongs to: a
// payment, or a provider whose URLs are registered once. The error is
// errNotOurs, or another one when this host cannot tell.
func (b *Inbox) returnOf(ctx context.Context, secret string) (*store.Webhook, error) {
	back := &store.Webhook{Purpose: purposeReturn, Scope: sdk.ScopeIntent}
	tokens := b.core.Tokens()
	if id, ok := tokens.Check(token.Return, secret); ok {
		back.IntentID = id
	} else if id, ok := tokens.Check(token.Cancel, secret); ok {
		back.IntentID, back.Purpose = id, purposeCancel
	} else if trust, known := b.directory.Trust(secret); known && (trust != nil) {
		back.Provider, back.Scope = secret, sdk.ScopeOpen
		return back, nil
	} else if tokens.Hidden(token.Return, secret) {
		return nil, errHiddenKey
	} else {
		return nil, errNotOurs
	}

	subject, err := b.subject(ctx, back)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNotOurs
	}
	if err != nil {
		return nil, err
	}

	back.Provider = subject.Provider
	return back, nil
}

// processReturn receives a return, stores it, has the plugin read it, applies
// what it proves, and sends the customer on.
func (b *Inbox) processReturn(w http.ResponseWriter, r *http.Request, back *store.Webhook) {
	req, refusal := b.receive(w, r, back)
	if refusal != nil {
		b.turnBack(w, r, back, refusal)
		return
	}
	defer req.done()

	// The customer may leave the page: reading goes on all the same.
	ctx := context.WithoutCancel(r.Context())
	if !req.allowed {
		if refusal := b.refuseReturn(ctx, back, req); refusal != nil {
			req.pause(r.Context())
			b.turnBack(w, r, back, refusal)
			return
		}
	}

	if err := b.insert(ctx, back); err != nil {
		b.later(w, back.Provider, err)
		return
	}

	read, err := b.read(ctx, back, false)
	if err != nil {
		req.verdict = unread
		b.log.Info("a customer's return could not be read; the customer is sent on",
			"webhook", back.ID, "provider", back.Provider, "error", err)
	} else {
		req.verdict = b.worth(back, read)
	}

	// Without a token, only a verified event can tell which payment it is.
	id := back.IntentID
	if (id == "") && back.Verified && (len(back.IntentIDs) == 1) {
		id = back.IntentIDs[0]
	}
	if id == "" {
		req.verdict = unverified
		http.NotFound(w, r)
		return
	}

	// It is not proven how the payment stands: the provider is queried before
	// the customer is sent on.
	if (err != nil) || !back.Verified || (len(read.query) > 0) {
		b.queryBriefly(ctx, back.Provider, id)
	}
	b.sendOn(w, r, back, id)
}

// refuseReturn returns the refusal for a return of a sender of too much, nil
// when it is worth storing. A return that says what an earlier one has said
// gets the payment of that one, for sending the customer on.
func (b *Inbox) refuseReturn(
	ctx context.Context,
	back *store.Webhook,
	req *incoming,
) *refusal {
	proven, err := b.prove(ctx, back, req.claim)
	if err != nil {
		return unprovenRefusal(err)
	}
	if proven.before == nil {
		return nil
	}

	if back.IntentID == "" {
		back.IntentID = proven.before.onlyIntent()
	}

	return unprovenRefusal(errUnproven)
}

// turnBack answers a return that is not taken. It is not stored, and the
// provider is not queried. A customer with a token is sent on all the same:
// others may know the way too.
func (b *Inbox) turnBack(
	w http.ResponseWriter,
	r *http.Request,
	back *store.Webhook,
	no *refusal,
) {
	if back.IntentID != "" {
		no.bound(w)
		b.sendOn(w, r, back, back.IntentID)
		return
	}
	no.write(w)
}

// queryBriefly queries the provider, so that the customer's page tells what is
// so and not what the browser says. A customer who comes back again at once
// gets to see what is known.
func (b *Inbox) queryBriefly(ctx context.Context, provider, id string) {
	name := queryOf(id)
	if !b.senders.mayQuery(name) {
		return
	}
	defer b.senders.hasQueried(name)

	// The customer is waiting: the query gets little time, and may fail.
	ctx, cancel := context.WithTimeout(asStatusQuery(ctx), queryWait)
	defer cancel()
	if err := b.core.QueryNow(ctx, provider, id); err != nil {
		b.log.DebugContext(ctx,
			"the provider could not be queried about a returning customer's payment",
			"provider", provider,
			"id", id,
			"error", err,
		)
	}
}

// sendOn sends a customer to the merchant's page for what became of the
// payment.
func (b *Inbox) sendOn(
	w http.ResponseWriter,
	r *http.Request,
	back *store.Webhook,
	id string,
) {
	status, success, cancel, err := b.core.Destination(r.Context(), id)
	if err != nil {
		http.NotFound(w, r)
		return
	}

	first, second := success, cancel
	if gaveUp(back.Purpose, status) {
		first, second = cancel, success
	}
	if first == "" {
		first = second
	}

	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if page, err := url.Parse(first); (err == nil) && (page.Host != "") {
		hint := url.Values{"payment_id": {id}, "status": {string(status)}}
		http.Redirect(w, r, withQuery(first, hint), http.StatusSeeOther)
		return
	}

	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().
		Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	shown := struct{ ID, Status string }{id, strings.ReplaceAll(string(status), "_", " ")}
	_ = donePage.Execute(w, shown) // it fails only when the customer has gone
}

// withQuery adds parameters to a merchant's URL, and leaves the rest of it as
// it is: a shop's own query need not be written as this program would write it.
func withQuery(address string, more url.Values) string {
	address, fragment, hasFragment := strings.Cut(address, "#")
	switch {
	case !strings.Contains(address, "?"):
		address += "?"
	case !strings.HasSuffix(address, "?") && !strings.HasSuffix(address, "&"):
		address += "&"
	}

	address += more.Encode()
	if hasFragment {
		address += "#" + fragment
	}

	return address
}

// gaveUp reports whether a customer goes to the merchant's cancel URL.
func gaveUp(purpose string, status payment.Status) bool {
	switch status {
	case payment.Failed, payment.Canceled, payment.Expired:
		return true
	case payment.Succeeded, payment.Processing, payment.Authorized:
		return false
	}
	return purpose == purposeCancel
}

var donePage = template.Must(template.New("done").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Payment {{.Status}}</title>
<body style="font:16px system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem">
<h1 style="font-size:1.4rem">Your payment: {{.Status}}</h1>
<p>You can close this page and go back to the shop.</p>
<p style="color:#666">{{.ID}}</p>
`))
