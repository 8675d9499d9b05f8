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

// WebhookHandler serves any method on /webhooks/{provider} and
// /webhooks/{provider}/{token}, also below the path of public_url, and with
// slashes at the end.
//
// It answers what the provider wants to hear, once the webhook and what it says
// are on disk; 404 for a URL that this host never gave out; 401 with an empty
// body for a signature that does not verify; 413 and 431 past the bounds of a
// request; 429 to a sender of too much that does not verify, unless this one
// does; and 503 when the plugin is not there, the store refuses or too much is
// under way, so that the provider sends it again (what is stored is read
// anyway).
//
// Only the status, the body and a harmless Content-Type of the plugin's answer
// are taken.
func (b *Inbox) WebhookHandler() http.Handler {
	return notForServiceWorkers(b.bounded(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := b.below("/webhooks/", r)
		provider, secret, hasSecret := strings.Cut(rest, "/")
		if !ok || (provider == "") || strings.Contains(secret, "/") {
			http.NotFound(w, r)
			return
		}

		// A token that this host cannot check is not refused: it may be
		// genuine, and the provider must send the webhook again.
		webhook, err := b.ownerOf(r.Context(), provider, secret, hasSecret)
		switch {
		case errors.Is(err, errNotOurs):
			http.NotFound(w, r)
		case err != nil:
			b.later(w, provider, err)
		default:
			b.process(w, r, webhook)
		}
	}))
}

// below returns the part of a request's path behind root.
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
			named := func(w http.ResponseWriter, stripped *http.Request) {
				next.ServeHTTP(w, stripped)
				r.Pattern = stripped.Pattern // for who counts requests by their route
			}
			http.StripPrefix(b.prefix, http.HandlerFunc(named)).ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

var (
	// errNotOurs is for a URL that this host never gave out.
	errNotOurs = errors.New("there is nothing at this address")
	// errHiddenKey is for a token that only another host can check.
	errHiddenKey = errors.New(
		"the token's key needs a secret that this host's host.token_secret does not have",
	)
)

// ownerOf returns a webhook that belongs to what its URL belongs to: a payment
// or payout, an account, or nothing but the provider. The error is errNotOurs,
// or another one when this host cannot tell.
func (b *Inbox) ownerOf(
	ctx context.Context, provider, secret string, hasSecret bool,
) (*store.Webhook, error) {
	webhook := &store.Webhook{
		Provider: provider,
		Purpose:  purposeWebhook,
		Scope:    sdk.ScopeOpen,
	}
	trust, known := b.directory.Trust(provider)
	if !known {
		return nil, errNotOurs
	}

	// Anyone can guess a URL without a token: only a signature or an address
	// can prove what comes there.
	if !hasSecret {
		signs := slices.Contains(trust, sdk.TrustSignature) ||
			slices.Contains(trust, sdk.TrustAddress)
		if signs || (trust == nil) {
			return webhook, nil
		}
		return nil, errNotOurs
	}

	tokens := b.core.Tokens()
	if id, ok := tokens.Check(token.Webhook, secret); ok {
		webhook.Scope, webhook.IntentID = sdk.ScopeIntent, id
		subject, err := b.subject(ctx, webhook)

		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil, errNotOurs
		case err != nil:
			return nil, err
		case subject.Provider != provider:
			return nil, errNotOurs
		}

		return webhook, nil
	}

	if name, ok := tokens.Check(token.Account, secret); ok && (name == provider) {
		webhook.Scope = sdk.ScopeAccount
		return webhook, nil
	}

	// Another host may have the secret of the key that this one lacks.
	if tokens.Hidden(token.Webhook, secret) || tokens.Hidden(token.Account, secret) {
		return nil, errHiddenKey
	}

	return nil, errNotOurs
}

// later tells the provider to send a webhook again that could not be stored.
func (b *Inbox) later(w http.ResponseWriter, provider string, err error) {
	b.log.Error("a webhook could not be stored; the provider is told to send it again",
		"provider", provider, "error", err)
	w.Header().Set("Retry-After", "5")
	http.Error(w, "could not be stored", http.StatusServiceUnavailable)
}

// process receives a webhook, stores it, has its plugin read it, applies what
// it says, and answers it.
func (b *Inbox) process(w http.ResponseWriter, r *http.Request, webhook *store.Webhook) {
	req, refusal := b.receive(w, r, webhook)
	if refusal != nil {
		refusal.write(w)
		return
	}
	defer req.done()

	// The provider may hang up once it has sent: reading goes on all the same.
	ctx := context.WithoutCancel(r.Context())

	// The sender of too much has only stored what proves something new.
	if !req.allowed {
		proven, err := b.prove(ctx, webhook, req.claim)
		if err != nil {
			req.pause(r.Context())
			unprovenRefusal(err).write(w)
			return
		}

		if proven.before != nil {
			b.queryStatus(ctx, webhook, proven.before.query)
			req.pause(r.Context())
			answer(w, proven.response)
			return
		}
	}

	// From here on the webhook is not lost, whatever becomes of this host.
	if err := b.insert(ctx, webhook); err != nil {
		b.later(w, webhook.Provider, err)
		return
	}

	read, err := b.read(ctx, webhook, false)
	if err != nil {
		req.verdict = b.refuse(w, webhook, err)
		return
	}

	req.verdict = b.worth(webhook, read)
	b.queryStatus(ctx, webhook, read.query)
	answer(w, read.response)
}

// refuse answers a webhook that could not be read, and returns what it was
// worth.
func (b *Inbox) refuse(w http.ResponseWriter, webhook *store.Webhook, err error) verdict {
	failure := sdk.AsError(err)
	b.log.Warn(
		"a webhook was not applied",
		"webhook", webhook.ID,
		"provider", webhook.Provider,
		"remote_address", webhook.Request.RemoteAddress,
		"code", failure.Code,
		"error", failure.Message,
	)

	// Only the plugin's verdict counts against the sender. A plugin that failed
	// says nothing about the webhook, which is worth sending again.
	switch failure.Code {
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

// queryStatus queries the provider, in the background, about intents that a
// webhook only hints at. When that fails, or they are being queried already,
// they are due at once for recovery anyway. Only a verified webhook has them
// queried each time that it comes.
func (b *Inbox) queryStatus(ctx context.Context, webhook *store.Webhook, ids []string) {
	for _, id := range ids {
		name := queryOf(id)
		if !webhook.Verified && !b.senders.mayQuery(name) {
			continue
		}
		b.core.Go(func() {
			if !webhook.Verified {
				defer b.senders.hasQueried(name)
			}
			if err := b.core.QueryNow(asStatusQuery(ctx), webhook.Provider, id); err != nil {
				b.log.InfoContext(ctx,
					"the provider could not be queried about what a webhook hints at; "+
						"it is queried again later",
					"provider", webhook.Provider,
					"id", id,
					"error", err,
				)
			}
		})
	}
}

// queryOf names the queries about an intent among the senders.
func queryOf(id string) string { return "query of " + id }
