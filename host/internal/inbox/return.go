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

// returnAsk bounds how long a customer waits while the provider is asked.
const returnAsk = 5 * time.Second

// ReturnHandler serves any method on /return/{token} and /return/{provider}, also below the path of public_url and with
// slashes at the end: the customer's browser coming back. What it
// carries is recorded and, if it is signed, applied; then the customer is sent on with 303 to the URL that the merchant
// gave for this payment, with payment_id and status added, or shown a plain page when there is none. Where the customer
// goes never depends on what the request says.
func (b *Inbox) ReturnHandler() http.Handler {
	return notForServiceWorkers(b.bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tok, ok := b.below("/return/", r)
		if !ok || tok == "" || strings.Contains(tok, "/") {
			http.NotFound(w, r)
			return
		}
		n := &store.Webhook{Purpose: purposeReturn, Scope: sdk.ScopeIntent}
		if id, ok := b.core.Tokens().Check(token.Return, tok); ok {
			n.IntentID = id
		} else if id, ok := b.core.Tokens().Check(token.Cancel, tok); ok {
			n.IntentID, n.Purpose = id, purposeCancel
		} else if trust, known := b.directory.Trust(tok); known && trust != nil {
			n.Provider, n.Scope = tok, sdk.ScopeOpen
		} else if b.core.Tokens().Hidden(token.Return, tok) {
			b.later(w, "", errHiddenKey)
			return
		} else {
			http.NotFound(w, r)
			return
		}
		b.comeBack(w, r, n)
	})))
}

func (b *Inbox) comeBack(w http.ResponseWriter, r *http.Request, n *store.Webhook) {
	if n.IntentID != "" {
		i, err := b.subject(r.Context(), n)
		if errors.Is(err, store.ErrNotFound) {
			http.NotFound(w, r)
			return
		}
		if err != nil {
			b.later(w, "", err)
			return
		}
		n.Provider = i.Provider
	}
	req, refusal := b.receive(w, r, n)
	if refusal != nil {
		b.turnBack(w, r, n, refusal)
		return
	}
	defer req.done()

	ctx := context.WithoutCancel(r.Context())
	if !req.allowed {
		proven, err := b.prove(ctx, n, req.claim)
		if err != nil {
			b.turnBack(w, r, n, unprovenRefusal(err))
			return
		}
		if proven.before != nil {
			if n.IntentID == "" {
				n.IntentID = proven.before.onlyIntent()
			}
			b.turnBack(w, r, n, unprovenRefusal(errUnproven))
			return
		}
	}
	if err := b.keep(ctx, n); err != nil {
		b.later(w, n.Provider, err)
		return
	}

	read, err := b.read(ctx, n, false)
	switch {
	case err != nil:
		req.verdict = unread
		b.log.Info("a customer's return could not be read; the customer is sent on", "webhook", n.ID, "provider", n.Provider, "error", err)
	default:
		req.verdict = b.worth(n, read)
	}
	id := n.IntentID
	if id == "" && n.Verified && len(n.IntentIDs) == 1 {
		id = n.IntentIDs[0]
	}
	if id == "" {
		req.verdict = unverified
		http.NotFound(w, r)
		return
	}
	if (err != nil) || !n.Verified || (len(read.ask) > 0) {
		b.askBriefly(ctx, n.Provider, id)
	}
	b.sendOn(w, r, n, id)
}

// turnBack answers a return that is not taken. It is not stored, and nobody is
// asked. A customer with a token is sent on all the same: others may know the
// way too.
func (b *Inbox) turnBack(w http.ResponseWriter, r *http.Request, n *store.Webhook, no *refusal) {
	if n.IntentID != "" {
		b.sendOn(w, r, n, n.IntentID)
		return
	}
	no.write(w)
}

// askBriefly asks the provider, so that the customer's page tells what is so
// and not what the browser says. Whoever comes back again at once gets to see
// what is known.
func (b *Inbox) askBriefly(ctx context.Context, provider, id string) {
	name := questionAbout(id)
	if !b.senders.mayAsk(name) {
		return
	}
	defer b.senders.hasAsked(name)
	ctx, cancel := context.WithTimeout(asking(ctx), returnAsk)
	defer cancel()
	if err := b.core.QueryNow(ctx, provider, id); err != nil {
		b.log.Debug("could not ask about a returning customer's payment", "id", id, "error", err)
	}
}

func (b *Inbox) sendOn(w http.ResponseWriter, r *http.Request, n *store.Webhook, id string) {
	status, success, cancel, err := b.core.Destination(r.Context(), id)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	first, second := success, cancel
	if gaveUp(n.Purpose, status) {
		first, second = cancel, success
	}
	if first == "" {
		first = second
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if u, err := url.Parse(first); (err != nil) || (u.Host == "") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_ = donePage.Execute(w, struct{ ID, Status string }{id, strings.ReplaceAll(string(status), "_", " ")}) // the customer has gone
		return
	}
	hint := url.Values{"payment_id": {id}, "status": {string(status)}}
	http.Redirect(w, r, withQuery(first, hint), http.StatusSeeOther)
}

// withQuery adds parameters to a merchant's URL, and leaves all that stands
// there as it is: what a shop has put into its query need not be what this
// program would write.
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

// gaveUp tells which of the merchant's two URLs fits.
func gaveUp(purpose string, s payment.Status) bool {
	switch s {
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
