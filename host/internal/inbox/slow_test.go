package inbox_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// poisoned is a rig whose plugin never finishes reading "poison". read counts
// how often it was asked to.
func poisoned(t *testing.T) (r *rig, read *atomic.Int64) {
	t.Helper()
	r, read = newRig(t, sdk.TrustSignature), &atomic.Int64{}
	r.account.Settings.Timeout = 50 * time.Millisecond
	r.account.Webhook = func(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		if strings.Contains(string(req.Request.Body), "poison") {
			read.Add(1)
			<-ctx.Done()
			return nil, &sdk.Error{
				Code:    sdk.CodeUnavailable,
				Outcome: sdk.OutcomeUnknown,
				Message: "no answer in time",
			}
		}

		return coretest.Parse(ctx, req)
	}

	return r, read
}

// rounds returns an inbox on the rig's store for which an hour more has passed
// at each round.
func (r *rig) rounds(t *testing.T) (b *inbox.Inbox, round func()) {
	t.Helper()
	accounts, hours := coretest.NewAccounts(r.account), &atomic.Int64{}
	b = inbox.New(inbox.Options{
		Store:     r.store,
		Core:      r.core,
		Accounts:  accounts,
		Directory: accounts,
		Now:       func() time.Time { return time.Now().Add(time.Duration(hours.Load()) * time.Hour) },
	})

	return b, func() {
		t.Helper()
		hours.Add(1)
		if err := b.Catchup(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.core.Wait()
	}
}

func TestAWebhookThatIsNeverReadInTimeIsGivenUp(t *testing.T) {
	r, read := poisoned(t)
	b, round := r.rounds(t)
	if answered := from(b, neighbour, "/webhooks/acme", "poison"); answered != http.StatusServiceUnavailable {
		t.Fatalf("answered %d", answered)
	}

	for range 5 {
		round()
	}
	n := r.newest(t)
	if (n.State != payment.WebhookFailed) || !n.NextTryAt.IsZero() || (read.Load() != 3) {
		t.Errorf(
			"it is %s after %d tries, and tried again at %s",
			n.State,
			read.Load(),
			n.NextTryAt,
		)
	}

	if !strings.Contains(n.Error, "did not finish reading it in time, 3 times") {
		t.Errorf("it says %q", n.Error)
	}
}

// A plugin that is not there says nothing about the webhook.
func TestAPluginThatIsAwayIsNotTheWebhooksFault(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	b, round := r.rounds(t)
	p := r.pay(t, "k")
	r.account.SetDown(true)
	from(
		b,
		neighbour,
		"/webhooks/acme",
		fmt.Sprintf(
			`{"reference":%q,"status":"succeeded","verification":"signature"}`,
			p.ID,
		),
	)

	for range 10 {
		round()
	}
	if n := r.newest(t); n.State != payment.WebhookPending {
		t.Fatalf("it is %s: %s", n.State, n.Error)
	}

	r.account.SetDown(false)
	round()
	if got := r.status(t, p.ID); got != payment.Succeeded {
		t.Errorf("the payment is %s", got)
	}
}

// What takes too long is read apart from the others: they are read although it
// is under way.
//
// They have been tried once: that is how they are known.
func TestNothingQueuesBehindAWebhookThatReadsSlowly(t *testing.T) {
	r, _ := poisoned(t)
	b, round := r.rounds(t)
	for n := range 20 {
		from(b, fmt.Sprintf("203.0.113.%d:1", n), "/webhooks/acme", "poison")
	}

	p := r.pay(t, "k").ID
	r.account.SetDown(true)
	genuine := fmt.Sprintf(
		`{"reference":%q,"status":"succeeded","verification":"signature"}`,
		p,
	)
	from(b, neighbour, "/webhooks/acme", genuine)
	r.account.SetDown(false)

	// The slow ones hang until the test lets them go.
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	r.account.Settings.Timeout = time.Hour
	r.account.Webhook = func(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		if strings.Contains(string(req.Request.Body), "poison") {
			begun <- struct{}{}
			<-goOn
			return nil, &sdk.Error{
				Code:    sdk.CodeInvalidRequest,
				Outcome: sdk.OutcomeRefused,
				Message: "junk",
			}
		}

		return coretest.Parse(ctx, req)
	}

	done := make(chan struct{})
	go func() {
		defer close(done)
		round()
	}()

	<-begun
	for r.status(t, p) != payment.Succeeded {
		time.Sleep(time.Millisecond) // it is read while one of the others hangs
	}
	if len(begun) > 0 {
		t.Errorf("%d more of them are read at the same time", len(begun))
	}

	close(goOn)
	<-done
}

// asker counts the questions that are marked as what strangers can cause.
type asker struct {
	core.Accounts
	marked, other atomic.Int64
}

func (a *asker) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	if inbox.IsStatusQuery(ctx) {
		a.marked.Add(1)
	} else {
		a.other.Add(1)
	}
	return a.Accounts.AcquireExisting(ctx, name)
}

func TestWhatStrangersHaveAskedIsMarkedAndAskedOnce(t *testing.T) {
	r := newRig(t, sdk.TrustSignature, sdk.TrustPaymentURL)
	r.account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{Status: sdk.PaymentRequiresAction}, nil
	}
	now := time.Now()
	accounts := coretest.NewAccounts(r.account)
	through := &asker{Accounts: accounts}
	c, err := core.New(
		t.Context(),
		core.Options{Store: r.store, Accounts: through, PublicURL: "http://host.example"},
	)
	if err != nil {
		t.Fatal(err)
	}

	b := inbox.New(inbox.Options{
		Store:     r.store,
		Core:      c,
		Accounts:  accounts,
		Directory: accounts,
		Now:       func() time.Time { return now },
	})

	p := r.pay(t, "k")

	hint := fmt.Sprintf(`{"reference":%q,"status":"succeeded","verification":"none"}`, p.ID)
	for range 10 {
		from(b, neighbour, "/webhooks/acme", hint)
		back(b, neighbour, path(t, r.created.ReturnURL))
	}

	c.Wait()
	if (through.marked.Load() != 1) || (through.other.Load() != 0) ||
		(r.account.Asks() > 1) {
		t.Errorf(
			"asked %d times marked and %d times not",
			through.marked.Load(),
			through.other.Load(),
		)
	}

	// What is proven and says too little is asked about each time.
	proven := `{"reference":%q,"id":"%d","status":"succeeded","verification":"origin"}`
	for n := range 3 {
		from(b, neighbour, path(t, r.created.NotifyURL), fmt.Sprintf(proven, p.ID, n))
	}

	c.Wait()
	if n := through.marked.Load(); n != 4 {
		t.Errorf("asked %d times", n)
	}
}

// A customer with a token is sent on whatever the request holds, and nobody
// keeps what a browser does not send.
func TestALargeReturnIsNotKept(t *testing.T) {
	r := newRig(t)
	r.pay(t, "k")
	before := r.stored(t)

	for name, size := range map[string]int64{"with its length": 1 << 20, "without": -1} {
		req := httptest.NewRequest(
			http.MethodPost,
			path(t, r.created.ReturnURL),
			strings.NewReader(strings.Repeat("x", 1<<20)),
		)
		req.ContentLength = size
		w := httptest.NewRecorder()
		r.ReturnHandler().ServeHTTP(w, req)

		if w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", name, w.Code)
		}
	}

	if after := r.stored(t); after != before {
		t.Errorf("%d were stored", after-before)
	}
}

// Whoever sends a body slowly holds a place for a moment only.
func TestASlowBodyHasADeadline(t *testing.T) {
	inbox.SetBodyTimeout(t, 20*time.Millisecond)
	r := newRig(t, sdk.TrustSignature)
	server := httptest.NewServer(r.WebhookHandler())
	defer server.Close()

	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	fmt.Fprint(
		conn,
		"POST /webhooks/acme HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
	)
	answer := make([]byte, len("HTTP/1.1 400"))
	if _, err := io.ReadFull(conn, answer); (err != nil) ||
		(string(answer) != "HTTP/1.1 400") {
		t.Errorf("answered %q, %v", answer, err)
	}

	if n := r.stored(t); n != 0 {
		t.Errorf("%d were stored", n)
	}
}

// Of one who has sent too much, long bodies are looked at one at a time:
// reading them takes the plugin's time. Short ones are not kept waiting by
// them.
func TestLongBodiesOfWhoeverSendsTooMuchAreReadOneAtATime(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	b := r.stopped()
	knock(b, 100, func(int) string { return neighbour })

	begun, goOn := make(chan struct{}, 20), make(chan struct{})
	var atOnce, most atomic.Int64
	r.account.Webhook = func(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		if len(req.Request.Body) > 5000 {
			most.Store(max(most.Load(), atOnce.Add(1)))
			begun <- struct{}{}
			<-goOn
			atOnce.Add(-1)
		}
		return coretest.Parse(ctx, req)
	}

	long := `{"verification":"invalid"}` + strings.Repeat(" ", 10_000)
	var sent sync.WaitGroup

	for n := range 10 {
		sent.Go(func() {
			if got := from(b, neighbour, "/webhooks/acme", long); got != http.StatusTooManyRequests {
				t.Errorf("number %d: %d", n, got)
			}
		})
	}

	<-begun
	signed := `{"reference":"pay_x","status":"processing","verification":"signature"}`
	if got := from(b, neighbour, "/webhooks/acme", signed); got != http.StatusOK {
		t.Errorf("a short one that verifies: %d", got)
	}

	close(goOn)
	sent.Wait()
	if most.Load() != 1 {
		t.Errorf("%d were read at once", most.Load())
	}
}

// fewPlaces are accounts whose plugin reads four requests at once, as the host
// has it.
type fewPlaces struct {
	*coretest.Accounts
	places chan struct{}
}

func (f *fewPlaces) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	select {
	case f.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}

	lease, err := f.Accounts.AcquireExisting(ctx, name)
	if err != nil {
		<-f.places
		return nil, err
	}

	return &placedLease{Lease: lease, leave: sync.OnceFunc(func() { <-f.places })}, nil
}

type placedLease struct {
	core.Lease
	leave func()
}

func (l *placedLease) Release() {
	l.Lease.Release()
	l.leave()
}

// A plugin that asks its provider while it reads may wait long for the answer.
// Who causes that, however often, keeps no other webhook from being read.
func TestSlowReadingTakesHalfOfThePlaces(t *testing.T) {
	inbox.SetSlowAfter(t, 10*time.Millisecond)
	r := newRig(t, sdk.TrustSignature)
	accounts := &fewPlaces{coretest.NewAccounts(r.account), make(chan struct{}, 4)}
	b := inbox.New(
		inbox.Options{
			Store:     r.store,
			Core:      r.core,
			Accounts:  accounts,
			Directory: accounts,
		},
	)

	r.account.Settings.Timeout = time.Hour
	var reading atomic.Int64
	goOn := make(chan struct{})
	r.account.Webhook = func(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		if strings.Contains(string(req.Request.Body), "slow") {
			reading.Add(1)
			defer reading.Add(-1)

			select {
			case <-ctx.Done():
			case <-goOn:
			}

			return nil, &sdk.Error{
				Code:    sdk.CodeUnavailable,
				Outcome: sdk.OutcomeUnknown,
				Message: "no answer",
			}
		}

		return coretest.Parse(ctx, req)
	}

	const crowd = 12
	answered := make(chan int, crowd)
	for n := range crowd {
		go func() { answered <- from(b, fmt.Sprintf("203.0.113.%d:1", 10+n), "/webhooks/acme", "slow") }()
	}

	for range crowd - 2 {
		select {
		case got := <-answered:
			if got != http.StatusServiceUnavailable {
				t.Errorf("one of those that take too long is answered %d", got)
			}
		case <-time.After(20 * time.Second):
			t.Error("more than two are read for a long time")
			close(goOn)
			return
		}
	}
	if n := reading.Load(); n != 2 {
		t.Errorf("%d are read for a long time", n)
	}

	p := r.pay(t, "k")
	genuine := fmt.Sprintf(
		`{"reference":%q,"status":"succeeded","verification":"signature"}`,
		p.ID,
	)
	if got := from(b, neighbour, "/webhooks/acme", genuine); got != http.StatusOK {
		t.Errorf("a genuine one is answered %d", got)
	}

	if got := r.status(t, p.ID); got != payment.Succeeded {
		t.Errorf("the payment is %s", got)
	}
	close(goOn)
	for range 2 {
		<-answered
	}
}

// It is nothing that the webhook has done: it is tried until there is a place,
// and not given up.
func TestWhatFindsNoSlowPlaceIsReadLater(t *testing.T) {
	inbox.SetSlowAfter(t, 10*time.Millisecond)
	r := newRig(t, sdk.TrustSignature)
	b, round := r.rounds(t)
	r.account.Settings.Timeout = time.Hour
	p := r.pay(t, "k")
	goOn, begun := make(chan struct{}), make(chan struct{}, 100)
	r.account.Webhook = func(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		begun <- struct{}{}
		select {
		case <-goOn:
			return coretest.Parse(ctx, req)
		case <-ctx.Done():
			return nil, &sdk.Error{
				Code:    sdk.CodeUnavailable,
				Outcome: sdk.OutcomeUnknown,
				Message: "no answer",
			}
		}
	}

	var held sync.WaitGroup
	for n := range 2 {
		held.Go(
			func() { from(b, fmt.Sprintf("203.0.113.%d:1", 10+n), "/webhooks/acme", `{"verification":"signature"}`) },
		)
		<-begun
	}

	time.Sleep(50 * time.Millisecond) // both are slow by now
	genuine := fmt.Sprintf(
		`{"reference":%q,"status":"succeeded","verification":"signature"}`,
		p.ID,
	)
	if got := from(b, neighbour, "/webhooks/acme", genuine); got != http.StatusServiceUnavailable {
		t.Errorf("answered %d", got)
	}

	for range 5 {
		round()
	}
	n := r.newest(t)
	if n.State != payment.WebhookPending {
		t.Fatalf("it is %s: %s", n.State, n.Error)
	}

	close(goOn)
	held.Wait()
	round()
	if got := r.status(t, p.ID); got != payment.Succeeded {
		t.Errorf("the payment is %s", got)
	}
}
