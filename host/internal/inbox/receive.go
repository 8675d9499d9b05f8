package inbox

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// maxUnderway is how many requests are served at once, those included that wait
// for a place: three quarters of the connections that one of the host's
// listeners may have open, so that the rest is left for the merchant's
// services.
const maxUnderway = 1536

// bodyTimeout is how long a body may take once its request has a place. Tests
// change it.
var bodyTimeout = 15 * time.Second

// A body that holds a place has bodyGrace to come, and a second more for each
// bodyRate bytes of it.
const (
	bodyGrace = 3 * time.Second
	bodyRate  = 64 << 10
)

// Every request takes a place before more than the first cheapBody of its body
// is read. Shorter bodies have places of their own. Bodies that may be longer
// than what is kept of an unverified one have few places. Fewer of those
// that are not stored unless they verify are looked at together: reading a long one
// can take the plugin a second.
var (
	smallPlaces = bounds{all: 512, provider: 256, sender: 128, address: 128}
	largePlaces = bounds{all: 16, provider: 8, sender: 4, address: 4}
	trialPlaces = bounds{all: 2, provider: 1, sender: 1, address: 1}
)

// bounded answers 503 while maxUnderway requests are being served.
func (b *Inbox) bounded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer b.underway.Add(-1)
		if b.underway.Add(1) > maxUnderway {
			errCrowded.write(w)
			return
		}
		next(w, r)
	})
}

// refusal is the answer to a request that is not taken.
type refusal struct {
	status int
	text   string
	after  string // when to come again, in seconds
	hangUp bool   // without reading what is left of the request
}

// bound has the server read what is left of the request's body for a while
// only, whatever deadline there was.
func (no *refusal) bound(w http.ResponseWriter) {
	readUntil(w, time.Now().Add(bodyTimeout))
	if no.hangUp {
		w.Header().Set("Connection", "close")
	}
}

// write answers with the refusal.
func (no *refusal) write(w http.ResponseWriter) {
	no.bound(w)
	if no.after != "" {
		w.Header().Set("Retry-After", no.after)
	}
	http.Error(w, no.text, no.status)
}

var (
	// errCrowded answers when too many requests are being served.
	errCrowded = &refusal{
		status: http.StatusServiceUnavailable,
		text:   "too many requests at once",
		after:  "5",
		hangUp: true,
	}
	// errNotInTime answers a request that has waited too long for a place.
	errNotInTime = &refusal{
		status: http.StatusServiceUnavailable,
		text:   "there was no place for it in time",
		after:  "5",
	}
	// errNotWhole answers a request that was cut off, or whose sender was too
	// slow.
	errNotWhole = &refusal{
		status: http.StatusBadRequest,
		text:   "the body did not arrive whole and in time",
		hangUp: true,
	}
	// errTooLarge answers what is past the bounds of a request.
	errTooLarge = &refusal{status: http.StatusRequestEntityTooLarge, text: "too large"}
	// errHeaders answers what has more headers than a provider sends.
	errHeaders = &refusal{
		status: http.StatusRequestHeaderFieldsTooLarge,
		text:   "too many or too large headers",
	}
)

// refusalPause is how long the sender of too much waits for the answer to what
// proves nothing or was told before, so that a loop costs the host little of
// its time. maxPaused is how many are kept waiting at once. Tests change the
// pause.
var refusalPause = time.Second

const maxPaused = 256

// incoming is a request that is being served. done must be called at its end.
type incoming struct {
	inbox  *Inbox
	places *places
	claim  claim
	// allowed is false for the sender of too much that does not verify, and
	// when all senders together have sent too much of it.
	allowed  bool
	reserved bool // bytes, for storing it
	verdict  verdict
	size     int // of the body
	head     int // of the rest
	left     bool
}

// pause releases what the request holds, and waits for refusalPause, unless
// the sender goes away or too many wait already.
func (in *incoming) pause(ctx context.Context) {
	in.done()
	defer in.inbox.paused.Add(-1)
	if in.inbox.paused.Add(1) > maxPaused {
		return
	}

	timer := time.NewTimer(refusalPause)
	defer timer.Stop()

	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// done releases what the request holds. It may be called again.
func (in *incoming) done() {
	if in.left {
		return
	}
	in.left = true
	in.inbox.senders.leave(in.claim.sender, in.verdict, in.size)
	if in.reserved {
		in.inbox.budgets.release(in.claim.provider, in.size, in.head, in.verdict)
	}
	in.places.give(in.claim)
}

// receive reads a request into webhook, once there is a place for it.
func (b *Inbox) receive(
	w http.ResponseWriter,
	r *http.Request,
	webhook *store.Webhook,
) (*incoming, *refusal) {
	// A request past the bounds is refused before it costs anything.
	limit := int64(maxBody)
	if webhook.Purpose != purposeWebhook {
		limit = maxReturn
	}
	tooLong := (len(r.URL.RawQuery) > maxQuery) || (len(r.Method) > maxMethod)
	if tooLong || (r.ContentLength > limit) {
		return nil, errTooLarge
	}

	header, whole := boundedHeader(r.Header, webhook.Purpose)
	if !whole {
		return nil, errHeaders // at once: large headers must not wait for a place
	}

	address := b.remoteAddress(r)
	webhook.Request = sdk.HTTPRequest{
		Method:        r.Method,
		Query:         r.URL.RawQuery,
		Header:        header,
		RemoteAddress: address,
	}

	// A short body is read before its place is taken, so that its sender cannot
	// hold the place by sending slowly.
	readUntil(w, time.Now().Add(bodyTimeout))
	begun, err := readBody(r, nil, min(limit, cheapBody))
	if err != nil {
		return nil, errNotWhole
	}

	// Wait for a place, without a deadline for reading meanwhile.
	readUntil(w, time.Time{})
	req := &incoming{inbox: b, claim: claim{webhook.Provider, senderOf(webhook, address), address}}
	req.places = b.placesFor(r, len(begun), limit)
	if err := req.places.take(r.Context(), req.claim); err != nil {
		return nil, errNotInTime
	}
	req.allowed = b.senders.enter(req.claim.sender)

	// It may be answered only once the place is free again: whoever has sent
	// too much is listened to until the end.
	if no := b.readRequest(w, r, webhook, begun, limit); no != nil {
		req.done()
		return nil, no
	}

	// The bytes are reserved until it is known what they were worth.
	req.size, req.head = len(webhook.Request.Body), headSize(webhook.Request)
	if req.allowed {
		req.reserved = b.budgets.take(webhook.Provider, req.size+req.head)
		req.allowed = req.reserved
	}

	return req, nil
}

// boundedHeader returns a request's headers when they are not more than a
// provider would send: a part of them could lack the signature. The cookies of
// a customer who comes back are the shop's, nothing that a provider sends, and
// are not kept.
func boundedHeader(h http.Header, purpose string) (kept http.Header, whole bool) {
	kept = http.Header{}
	size := 0

	for name, values := range h {
		if (name == "Cookie") && (purpose != purposeWebhook) {
			continue
		}

		for _, value := range values {
			size += len(name) + len(value)
			if (len(kept) >= maxHeaders) || (size > maxHeader) {
				return nil, false
			}
			kept.Add(name, value)
		}
	}

	return kept, true
}

// headSize returns how much of a request is stored besides its body.
func headSize(req sdk.HTTPRequest) int {
	size := len(req.Method) + len(req.Query)
	for name, values := range req.Header {
		size += len(name) + len(strings.Join(values, ""))
	}
	return size
}

// placesFor returns where a request takes its place, of which so much has been
// read. A short one has come whole: its sender cannot hold such a place by
// sending slowly.
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

// readRequest reads a request as it came, within the bounds and in time. begun
// is the beginning of its body.
func (b *Inbox) readRequest(
	w http.ResponseWriter, r *http.Request, webhook *store.Webhook, begun []byte, limit int64,
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
	readUntil(w, time.Time{}) // the plugin's reading has a bound of its own

	now := b.now().UTC().Truncate(time.Microsecond)
	webhook.ID = core.NewID("wh")
	webhook.State = payment.WebhookPending
	webhook.ReceivedAt = now
	webhook.NextTryAt = now.Add(retry + time.Minute) // should this host die while it reads
	webhook.Request.Body, webhook.Request.ReceivedAt = body, now
	return nil
}

// readBody reads a body on from what has begun, and one byte more when it is
// longer than limit. Where its length is known it is read into its place at
// once: growing there would take three times the memory.
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

// readUntil bounds how long the rest of a request may take; the zero time is
// for ever. A request without a connection, as in tests, has no such bound.
func readUntil(w http.ResponseWriter, deadline time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
}

// insert stores a request as it came.
func (b *Inbox) insert(ctx context.Context, webhook *store.Webhook) error {
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.InsertWebhook(ctx, webhook) })
}
