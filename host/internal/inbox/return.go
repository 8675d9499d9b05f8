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

// ReturnHandler serves any method on /return/{token} and /return/{provider}: the customer's browser coming back. What it
// carries is recorded and, if it is signed, applied; then the customer is sent on with 303 to the URL that the merchant
// gave for this payment, with payment_id and status added, or shown a plain page when there is none. Where the customer
// goes never depends on what the request says.
func (b *Inbox) ReturnHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tok, ok := strings.CutPrefix(r.URL.Path, "/return/")
		if !ok || tok == "" || strings.Contains(tok, "/") {
			http.NotFound(w, r)
			return
		}
		n := &store.Notice{Purpose: purposeReturn, Scope: sdk.ScopeIntent}
		if id, ok := b.core.Tokens().Check(token.Return, tok); ok {
			n.IntentID = id
		} else if id, ok := b.core.Tokens().Check(token.Cancel, tok); ok {
			n.IntentID, n.Purpose = id, purposeCancel
		} else if trust, known := b.directory.Trust(tok); known && trust != nil {
			n.Provider, n.Scope = tok, sdk.ScopeOpen
		} else {
			http.NotFound(w, r)
			return
		}
		b.comeBack(w, r, n)
	})
}

func (b *Inbox) comeBack(w http.ResponseWriter, r *http.Request, n *store.Notice) {
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
	if !b.take(w, r, n) {
		return
	}
	ctx := context.WithoutCancel(r.Context())
	read, err := b.read(ctx, n, false)
	if err != nil {
		b.strangers.noteUnread(n.Request.RemoteAddress)
		b.log.Info("a customer's return could not be read; the customer is sent on", "webhook", n.ID, "provider", n.Provider, "error", err)
	}
	id := n.IntentID
	if id == "" && n.Verified && len(n.IntentIDs) == 1 {
		id = n.IntentIDs[0]
	}
	if id == "" {
		b.strangers.note(n.Request.RemoteAddress)
		http.NotFound(w, r)
		return
	}
	if err != nil || !n.Verified || len(read.ask) > 0 {
		b.askBriefly(ctx, n.Provider, id)
	}
	b.sendOn(w, r, n, id)
}

// askBriefly asks the provider, so that the customer's page tells what is so and not what the browser says.
func (b *Inbox) askBriefly(ctx context.Context, provider, id string) {
	ctx, cancel := context.WithTimeout(ctx, returnAsk)
	defer cancel()
	if err := b.core.AskNow(ctx, provider, id); err != nil {
		b.log.Debug("could not ask about a returning customer's payment", "id", id, "error", err)
	}
}

func (b *Inbox) sendOn(w http.ResponseWriter, r *http.Request, n *store.Notice, id string) {
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
	u, err := url.Parse(first)
	if first == "" || err != nil {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_ = donePage.Execute(w, struct{ ID, Status string }{id, strings.ReplaceAll(string(status), "_", " ")}) // the customer has gone
		return
	}
	q := u.Query()
	q.Set("payment_id", id)
	q.Set("status", string(status))
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
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
