package inbox

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/sdk"
)

// WebhookHandler serves any method on /webhooks/{provider} and /webhooks/{provider}/{token}, also below the path of
// public_url, and with slashes at the end.
//
// It answers what the provider wants to hear, once the notice and what it says are on disk; 404 for a URL that this host
// never gave out; 401 with an empty body for a signature that does not verify; 413 past the bounds of a request; 429 to a
// sender of too much that does not verify, unless this one does; and 503 when the plugin is not there, the store
// refuses or too much is under way, so that the provider sends it again (what is stored is read anyway).
//
// Of the plugin's answer only the status, the body and a harmless Content-Type are taken.
func (b *Inbox) WebhookHandler() http.Handler {
	return notForServiceWorkers(b.bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := b.below("/webhooks/", r)
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
	})))
}

// below returns what stands behind root in a request's path.
func (b *Inbox) below(root string, r *http.Request) (rest string, ok bool) {
	path := r.URL.Path
	if !strings.HasPrefix(path, root) {
		path = strings.TrimPrefix(path, b.prefix)
	}
	rest, ok = strings.CutPrefix(path, root)
	return strings.TrimRight(rest, "/"), ok
}

// AlsoBelowPublicURL serves webhooks and returns below the path of public_url
// as next serves them without it: a proxy in front may leave the path as it is.
func (b *Inbox) AlsoBelowPublicURL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, below := strings.CutPrefix(r.URL.Path, b.prefix)
		ours := strings.HasPrefix(rest, "/webhooks/") || strings.HasPrefix(rest, "/return/")
		if below && ours && (b.prefix != "") {
			http.StripPrefix(b.prefix, next).ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// errHiddenKey is for a token that only another host can check.
var errHiddenKey = errors.New("the token's key needs a secret that this host's host.token_secret does not have")

// address finds out what a webhook's URL belongs to. The error is the store's: then nobody can tell.
func (b *Inbox) address(ctx context.Context, provider, tok string, hasToken bool) (n *store.Webhook, ok bool, err error) {
	n = &store.Webhook{Provider: provider, Purpose: purposeWebhook, Scope: sdk.ScopeOpen}
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
	if ring := b.core.Tokens(); ring.Hidden(token.Webhook, tok) || ring.Hidden(token.Account, tok) {
		return nil, false, errHiddenKey
	}
	return nil, false, nil
}

// later tells the provider to send a notice again that could not be stored.
func (b *Inbox) later(w http.ResponseWriter, provider string, err error) {
	b.log.Error("a notice could not be stored; the provider is told to send it again", "provider", provider, "error", err)
	w.Header().Set("Retry-After", "5")
	http.Error(w, "could not be stored", http.StatusServiceUnavailable)
}

func (b *Inbox) serve(w http.ResponseWriter, r *http.Request, n *store.Webhook) {
	req, refusal := b.receive(w, r, n)
	if refusal != nil {
		refusal.write(w)
		return
	}
	defer req.done()

	// The provider may hang up once it has sent: reading goes on all the same.
	ctx := context.WithoutCancel(r.Context())
	if !req.allowed {
		proven, err := b.prove(ctx, n, req.claim)
		if err != nil {
			unprovenRefusal(err).write(w)
			return
		}
		if proven.before != nil {
			b.askAbout(ctx, n, proven.before.ask)
			answer(w, proven.response)
			return
		}
	}
	if err := b.keep(ctx, n); err != nil {
		b.later(w, n.Provider, err)
		return
	}

	read, err := b.read(ctx, n, false)
	if err != nil {
		req.verdict = b.refuse(w, n, err)
		return
	}
	req.verdict = b.worth(n, read)
	b.askAbout(ctx, n, read.ask)
	answer(w, read.response)
}

// refuse answers a notice that could not be read, and says what it was worth.
func (b *Inbox) refuse(w http.ResponseWriter, n *store.Webhook, err error) verdict {
	e := sdk.AsError(err)
	b.log.Warn("a notice was not applied", "webhook", n.ID, "provider", n.Provider, "remote_address", n.Request.RemoteAddress,
		"code", e.Code, "error", e.Message)
	switch e.Code {
	case sdk.CodeInvalidSignature:
		w.WriteHeader(http.StatusUnauthorized)
		return unverified
	case sdk.CodeInvalidRequest, sdk.CodeNotSupported:
		w.WriteHeader(http.StatusBadRequest)
		return unverified
	default:
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
		return unread
	}
}

// askAbout asks the provider, in the background, about what a webhook only hints at. Should it fail, or be asked about
// already, the intents are due at once for recovery anyway. Only what is proven is asked about each time that it comes.
func (b *Inbox) askAbout(ctx context.Context, n *store.Webhook, ids []string) {
	for _, id := range ids {
		name := questionAbout(id)
		if !n.Verified && !b.senders.mayAsk(name) {
			continue
		}
		b.core.Go(func() {
			if !n.Verified {
				defer b.senders.hasAsked(name)
			}
			if err := b.core.QueryNow(asking(ctx), n.Provider, id); err != nil {
				b.log.Info("could not ask about what a webhook hints at; it is asked again later", "id", id, "error", err)
			}
		})
	}
}

// questionAbout names the questions about an intent among the senders.
func questionAbout(id string) string { return "question about " + id }
