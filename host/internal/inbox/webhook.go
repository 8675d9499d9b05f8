package inbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// WebhookHandler serves any method on /webhooks/{provider} and /webhooks/{provider}/{token}.
//
// It answers what the provider wants to hear, once the notice and what it says are on disk; 404 for a URL that this host
// never gave out; 401 with an empty body for a signature that does not verify; 413 and 429 past the bounds; and 503 when
// the plugin is not there or the store refuses, so that the provider sends it again (it is read anyway).
func (b *Inbox) WebhookHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.Path, "/webhooks/")
		provider, tok, hasToken := strings.Cut(rest, "/")
		if !ok || provider == "" || strings.Contains(tok, "/") {
			http.NotFound(w, r)
			return
		}
		n, ok, err := b.address(r.Context(), provider, tok, hasToken)
		if err != nil {
			b.later(w, provider, err)
			return
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		b.serve(w, r, n)
	})
}

// address finds out what a webhook's URL belongs to. The error is the store's: then nobody can tell.
func (b *Inbox) address(ctx context.Context, provider, tok string, hasToken bool) (n *store.Notice, ok bool, err error) {
	n = &store.Notice{Provider: provider, Purpose: purposeWebhook, Scope: sdk.ScopeOpen}
	trust, known := b.directory.Trust(provider)
	if !known {
		return nil, false, nil
	}
	if !hasToken {
		open := trust == nil || slices.Contains(trust, sdk.TrustSignature) || slices.Contains(trust, sdk.TrustAddress)
		return n, open, nil
	}
	if id, ok := b.core.Tokens().Check(token.Webhook, tok); ok {
		n.Scope, n.IntentID = sdk.ScopeIntent, id
		i, err := b.subject(ctx, n)
		if errors.Is(err, store.ErrNotFound) {
			return nil, false, nil
		}
		return n, err == nil && i.Provider == provider, err
	}
	if name, ok := b.core.Tokens().Check(token.Account, tok); ok && name == provider {
		n.Scope = sdk.ScopeAccount
		return n, true, nil
	}
	return nil, false, nil
}

// later tells the provider to send a notice again that could not be stored.
func (b *Inbox) later(w http.ResponseWriter, provider string, err error) {
	b.log.Error("a notice could not be stored; the provider is told to send it again", "provider", provider, "error", err)
	w.Header().Set("Retry-After", "5")
	http.Error(w, "could not be stored", http.StatusServiceUnavailable)
}

func (b *Inbox) serve(w http.ResponseWriter, r *http.Request, n *store.Notice) {
	if !b.take(w, r, n) {
		return
	}
	// The provider may hang up once it has sent: reading goes on all the same.
	ctx := context.WithoutCancel(r.Context())
	read, err := b.read(ctx, n, false)
	if err != nil {
		b.refuse(w, n, err)
		return
	}
	if !n.Verified {
		b.strangers.note(n.Request.RemoteAddress)
	}
	b.askAbout(ctx, n.Provider, read.ask)
	answer(w, read.response)
}

// take stores a request as it came. false means that it has been answered already.
func (b *Inbox) take(w http.ResponseWriter, r *http.Request, n *store.Notice) bool {
	address := b.remoteAddress(r)
	if !b.strangers.allow(address) {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many unverified notices", http.StatusTooManyRequests)
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), len(r.URL.RawQuery) > maxQuery:
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return false
	case err != nil:
		http.Error(w, "the body did not arrive whole", http.StatusBadRequest)
		return false
	}
	header, whole := boundedHeader(r.Header, n.Purpose)
	if !whole {
		http.Error(w, "too many or too large headers", http.StatusRequestHeaderFieldsTooLarge)
		return false
	}
	now := b.now().UTC().Truncate(time.Microsecond)
	n.ID, n.State, n.ReceivedAt = core.NewID("wh"), payment.WebhookPending, now
	n.NextTryAt = now.Add(retry + time.Minute) // should this host die while it reads
	n.Request = sdk.HTTPRequest{Method: r.Method, Query: r.URL.RawQuery, Header: header, Body: body,
		RemoteAddress: address, ReceivedAt: now}
	err = b.store.Update(r.Context(), func(tx *store.Tx) error { return tx.InsertNotice(r.Context(), n) })
	if err != nil {
		b.later(w, n.Provider, err)
		return false
	}
	return true
}

// refuse answers a notice that could not be read.
func (b *Inbox) refuse(w http.ResponseWriter, n *store.Notice, err error) {
	e := sdk.AsError(err)
	b.log.Warn("a notice was not applied", "webhook", n.ID, "provider", n.Provider, "remote_address", n.Request.RemoteAddress,
		"code", e.Code, "error", e.Message)
	switch e.Code {
	case sdk.CodeInvalidSignature:
		b.strangers.note(n.Request.RemoteAddress)
		w.WriteHeader(http.StatusUnauthorized)
	case sdk.CodeInvalidRequest, sdk.CodeNotSupported:
		b.strangers.note(n.Request.RemoteAddress)
		w.WriteHeader(http.StatusBadRequest)
	default:
		b.strangers.noteUnread(n.Request.RemoteAddress)
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func answer(w http.ResponseWriter, r sdk.HTTPResponse) {
	for name, values := range r.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // a provider that hung up sends it again
}

// boundedHeader gives a request's headers when they are not more than a provider would send: a part of them could lack the
// signature. The cookies of a customer who comes back are the shop's, nothing that a provider sends, and are not kept.
func boundedHeader(h http.Header, purpose string) (out http.Header, whole bool) {
	out = http.Header{}
	size := 0
	for name, values := range h {
		if name == "Cookie" && purpose != purposeWebhook {
			continue
		}
		for _, v := range values {
			size += len(name) + len(v)
			if len(out) >= maxHeaders || size > maxHeader {
				return nil, false
			}
			out.Add(name, v)
		}
	}
	return out, true
}

// askAbout asks the provider, in the background, about what a notice only hints at. Should it fail, the intents are due
// at once for recovery anyway.
func (b *Inbox) askAbout(ctx context.Context, provider string, ids []string) {
	for _, id := range ids {
		b.core.Go(func() {
			if err := b.core.AskNow(ctx, provider, id); err != nil {
				b.log.Info("could not ask about what a notice hints at; it is asked again later", "id", id, "error", err)
			}
		})
	}
}
