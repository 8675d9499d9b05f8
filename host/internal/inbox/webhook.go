package inbox

import (
	"bytes"
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

// WebhookHandler serves any method on /webhooks/{provider} and /webhooks/{provider}/{token}, also below the path of
// public_url, and with slashes at the end.
//
// It answers what the provider wants to hear, once the notice and what it says are on disk; 404 for a URL that this host
// never gave out; 401 with an empty body for a signature that does not verify; 413 past the bounds of a request; 429 to a
// sender of too much that does not verify, unless this one does; and 503 when the plugin is not there or the store
// refuses, so that the provider sends it again (it is read anyway).
//
// Of the plugin's answer only the status, the body and a harmless Content-Type are taken.
func (b *Inbox) WebhookHandler() http.Handler {
	return notForServiceWorkers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	}))
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
		proven, fresh := b.proves(ctx, n, req.claim)
		if proven == nil {
			tooMany("too many unverified webhooks").write(w)
			return
		}
		if !fresh {
			b.askAbout(ctx, n, b.told.asks(n, proven))
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

// refusal is the answer to a request that is not taken.
type refusal struct {
	status int
	text   string
	after  string // when to come again, in seconds
}

func (no *refusal) write(w http.ResponseWriter) {
	if no.after != "" {
		w.Header().Set("Retry-After", no.after)
	}
	http.Error(w, no.text, no.status)
}

func tooMany(text string) *refusal { return &refusal{http.StatusTooManyRequests, text, "60"} }

// incoming is a request that is being served. done must be called at its end.
type incoming struct {
	inbox  *Inbox
	places *places
	claim  claim
	// allowed is false for the sender of too much that does not verify, and when
	// all senders together have sent too much of it.
	allowed  bool
	reserved bool // bytes, for storing it
	verdict  verdict
	size     int // of the body
	head     int // of the rest
}

func (in *incoming) done() {
	in.inbox.senders.leave(in.claim.sender, in.verdict, in.size)
	if in.reserved {
		in.inbox.budgets.settle(in.claim.provider, in.size, in.head, in.verdict)
	}
	in.places.give(in.claim)
}

// receive reads a request into n, once there is a place for it.
func (b *Inbox) receive(w http.ResponseWriter, r *http.Request, n *store.Webhook) (*incoming, *refusal) {
	limit := int64(maxBody)
	if n.Purpose != purposeWebhook {
		limit = maxReturn
	}
	if (r.ContentLength > limit) || (len(r.URL.RawQuery) > maxQuery) || (len(r.Method) > maxMethod) {
		readUntil(w, time.Now().Add(bodyTimeout))
		return nil, errTooLarge
	}

	address := b.remoteAddress(r)
	readUntil(w, time.Now().Add(bodyTimeout))
	begun, err := readBody(r, nil, min(limit, cheapBody))
	if err != nil {
		return nil, errNotWhole
	}
	readUntil(w, time.Time{}) // the wait for a place has a bound of its own

	req := &incoming{inbox: b, claim: claim{n.Provider, senderOf(n, address), address}}
	req.places = b.placesFor(r, len(begun), limit)
	if err := req.places.take(r.Context(), req.claim); err != nil {
		return nil, &refusal{http.StatusServiceUnavailable, "there was no place for it in time", "5"}
	}
	req.allowed = b.senders.enter(req.claim.sender)

	// It may be answered only once the place is free again: whoever has sent too
	// much is listened to until the end.
	if no := b.readRequest(w, r, n, begun, address, limit); no != nil {
		req.done()
		return nil, no
	}
	req.size, req.head = len(n.Request.Body), headSize(n.Request)
	if req.allowed {
		req.reserved = b.budgets.take(n.Provider, req.size+req.head)
		req.allowed = req.reserved
	}
	return req, nil
}

// placesFor returns where a request takes its place, of which so much has been
// read. A short one has come whole: who sends slowly holds no place of those.
func (b *Inbox) placesFor(r *http.Request, begun int, limit int64) *places {
	switch {
	case begun <= cheapBody:
		return b.short
	case limit <= store.KeptUnverified:
		return b.small
	case (r.ContentLength < 0) || (r.ContentLength > store.KeptUnverified):
		return b.large
	default:
		return b.small
	}
}

// headSize returns how much of a request is stored besides its body.
func headSize(req sdk.HTTPRequest) int {
	size := len(req.Method) + len(req.Query)
	for name, values := range req.Header {
		size += len(name) + len(strings.Join(values, ""))
	}
	return size
}

// readBody reads a body on from what has begun, and one byte more when it is longer
// than limit. Where its length is known it is read into its place at once: growing
// there would take three times the memory.
func readBody(r *http.Request, begun []byte, limit int64) ([]byte, error) {
	known := min(max(r.ContentLength, 0), limit)
	body := bytes.NewBuffer(make([]byte, 0, known+bytes.MinRead))
	body.Write(begun)
	_, err := body.ReadFrom(io.LimitReader(r.Body, limit+1-int64(len(begun))))
	return body.Bytes(), err
}

// paced reads what a place is held for. It has bodyGrace, and more time for all
// that has come: others wait for the place.
type paced struct {
	io.ReadCloser
	w       http.ResponseWriter
	started time.Time
	read    int
}

func (p *paced) Read(into []byte) (int, error) {
	earned := bodyGrace + time.Duration(p.read)*time.Second/bodyRate
	readUntil(p.w, p.started.Add(min(earned, bodyTimeout)))
	count, err := p.ReadCloser.Read(into)
	p.read += count
	return count, err
}

// readUntil bounds how long the rest of a request may take; the zero time is for
// ever. What is no connection, as in tests, has no such bound.
func readUntil(w http.ResponseWriter, deadline time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
}

// errNotWhole answers a request that was cut off, or whose sender was too slow.
var errNotWhole = &refusal{
	status: http.StatusBadRequest, text: "the body did not arrive whole and in time",
}

// errTooLarge answers what is past the bounds of a request.
var errTooLarge = &refusal{status: http.StatusRequestEntityTooLarge, text: "too large"}

// readRequest takes a request as it came, within the bounds and in time. begun is
// the beginning of its body.
func (b *Inbox) readRequest(w http.ResponseWriter, r *http.Request, n *store.Webhook, begun []byte,
	address string, limit int64,
) *refusal {
	body, err := begun, error(nil)
	if len(begun) > cheapBody {
		r.Body = &paced{ReadCloser: r.Body, w: w, started: time.Now()}
		body, err = readBody(r, begun, limit)
	}
	switch {
	case int64(len(body)) > limit:
		return errTooLarge
	case err != nil:
		return errNotWhole
	}
	header, whole := boundedHeader(r.Header, n.Purpose)
	if !whole {
		return &refusal{status: http.StatusRequestHeaderFieldsTooLarge, text: "too many or too large headers"}
	}

	readUntil(w, time.Time{}) // what reads it now has its own bounds

	now := b.now().UTC().Truncate(time.Microsecond)
	n.ID, n.State, n.ReceivedAt = core.NewID("wh"), payment.WebhookPending, now
	n.NextTryAt = now.Add(retry + time.Minute) // should this host die while it reads
	n.Request = sdk.HTTPRequest{Method: r.Method, Query: r.URL.RawQuery, Header: header, Body: body,
		RemoteAddress: address, ReceivedAt: now}
	return nil
}

// keep stores a request as it came.
func (b *Inbox) keep(ctx context.Context, n *store.Webhook) error {
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.InsertWebhook(ctx, n) })
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
