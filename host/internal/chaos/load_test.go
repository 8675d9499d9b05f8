package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// order is one thing that a merchant wanted, and all that the merchant was told
// of it.
type order struct {
	key, kind, provider, body string
	// capture: the payment is only authorized when the customer has paid; the
	// merchant then captures it.
	capture bool
	// again counts how often the merchant was told that nothing happened, and
	// ordered it anew under another key.
	again int
	// mark is in the order and in the provider's books: the payout's recipient.
	// Payments are found by their id.
	mark string
	// transfer: the customer pays without a page, and says so before the money
	// is there, so that two notices come of it.
	transfer bool
	id       string // "" while nobody has answered
}

func (o *order) path() string { return "/v1/" + o.kind + "s" }

// record is what the campaign looks at of a payment or payout.
type record struct {
	ID         string
	Status     string
	Amount     string
	NextAction *struct{ URL string } `json:"next_action"`
	Failure    *struct{ Outcome string }
	History    []struct{ At, Actor, Action, To, Note string }
	Attempts   []struct {
		Outcome   string
		StartedAt time.Time `json:"started_at"`
	}
}

// load is customers and merchants: each makes an order, insists until it is
// answered, and pays.
type load struct {
	*world
	mu     sync.Mutex
	orders []*order
	done   int // orders that were answered
}

const customers = 6

// run makes orders until ctx ends, and returns when the last has been answered
// or given up.
func (l *load) run(ctx context.Context) {
	var all sync.WaitGroup
	for n := range customers {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(*seed, uint64(n)+1))
			for i := 0; ctx.Err() == nil; i++ {
				l.buy(ctx, dice, fmt.Sprintf("%d-%d", n, i))
			}
		})
	}

	all.Wait()
}

// newOrder draws one.
func (l *load) newOrder(dice *rand.Rand, name string) *order {
	o := &order{key: "order-" + name, mark: fmt.Sprintf("c%s@chaos.example", name)}
	amount := fmt.Sprintf("%d.%02d", 5+dice.IntN(500), dice.IntN(100))

	switch dice.IntN(4) {
	case 0:
		o.kind, o.provider = "payment", "ptop"
	case 1:
		o.kind = "payment"
		o.provider = "reference"
		o.transfer = dice.IntN(2) == 0
		o.capture = !o.transfer && dice.IntN(2) == 0
	case 2:
		o.kind, o.provider = "payout", "ptop"
		o.body = fmt.Sprintf(
			`{"provider":"ptop","amount":%q,"currency":"USD","recipient":{"email":%q}}`,
			amount,
			o.mark,
		)

	case 3:
		o.kind, o.provider = "payout", "reference"
		o.body = fmt.Sprintf(
			`{"provider":"reference","amount":%q,"currency":"EUR","recipient":{"name":"C","iban":%q}}`,
			amount,
			o.mark,
		)
	}

	if o.kind == "payment" {
		method := map[bool]string{true: "transfer"}[o.transfer]
		options := map[bool]string{true: `{"capture":"manual"}`, false: `{}`}[o.capture]
		o.body = fmt.Sprintf(
			`{"provider":%q,"amount":%q,"currency":"USD","method":%q,"description":%q,"provider_options":%s,
			"success_url":"https://shop.example/ok","cancel_url":"https://shop.example/no"}`,
			o.provider,
			amount,
			method,
			o.mark,
			options,
		)
	}

	l.mu.Lock()
	l.orders = append(l.orders, o)
	l.mu.Unlock()

	return o
}

func (l *load) buy(ctx context.Context, dice *rand.Rand, name string) {
	o := l.newOrder(dice, name)
	choice := dice.IntN(10)
	r, answered := l.insist(ctx, o, dice.IntN(len(l.hosts)))
	if !answered {
		return
	}

	l.mu.Lock()
	o.id, l.done = r.ID, l.done+1
	l.mu.Unlock()

	switch {
	case choice == 9: // one in ten never pays, and is never paid
	case o.transfer:
		l.confirm(ctx, o, r.Amount)
		l.settle(ctx, o)
	case r.NextAction != nil && choice == 8:
		l.leave(ctx, o, r.NextAction.URL, "fail")
	case r.NextAction != nil:
		l.leave(ctx, o, r.NextAction.URL, "pay")
		if o.capture {
			l.capture(ctx, o, dice.IntN(len(l.hosts)))
		}

	case o.kind == "payout" && o.provider == "reference":
		l.settle(ctx, o)
	}
}

// confirm is the customer who has ordered a transfer. Nobody insists: the money
// comes all the same.
func (l *load) confirm(ctx context.Context, o *order, amount string) {
	body := fmt.Sprintf(`{"fields":{"transaction_id":%q,"amount":%q}}`, o.key, amount)
	_, _ = call(
		ctx,
		http.MethodPost,
		"http://"+l.hosts[0].address+o.path()+"/"+o.id+"/confirm",
		"confirm-"+o.key,
		body,
		nil,
	)
}

// capture is the merchant who takes what the customer has authorized: insisting
// with one key, until there is an answer. What is refused is captured by
// nobody.
func (l *load) capture(ctx context.Context, o *order, first int) {
	for try := first; try < first+200 && ctx.Err() == nil; try++ {
		h := l.hosts[try%len(l.hosts)]
		status, err := call(
			ctx,
			http.MethodPost,
			"http://"+h.address+o.path()+"/"+o.id+"/capture",
			"capture-"+o.key,
			`{}`,
			nil,
		)
		if err == nil && (status < 300 || status == http.StatusUnprocessableEntity) {
			return
		}

		pause(ctx, 50*time.Millisecond)
	}
}

// settle is the provider who gets the customer's money, or finishes a payout.
func (l *load) settle(ctx context.Context, o *order) {
	body := fmt.Sprintf(`{"reference":%q}`, o.id)
	status, err := call(
		ctx,
		http.MethodPost,
		l.books[o.provider]+"/_simulator/settle",
		"",
		body,
		nil,
	)
	if ctx.Err() == nil && (err != nil || status != http.StatusOK) {
		l.t.Errorf("the simulator does not settle %s: %d %v", o.id, status, err)
	}
}

// insist repeats a request under its key, at one host and then another, as a
// merchant would who has heard nothing.
func (l *load) insist(ctx context.Context, o *order, first int) (r record, answered bool) {
	for try := first; ctx.Err() == nil; try++ {
		h := l.hosts[try%len(l.hosts)]
		r = record{}
		status, err := call(
			ctx,
			http.MethodPost,
			"http://"+h.address+o.path(),
			o.key,
			o.body,
			&r,
		)
		if err == nil && status == http.StatusCreated {
			if !l.believes(o, r) {
				return r, true
			}
			continue
		}

		if err == nil && status < 500 && status != http.StatusConflict &&
			status != http.StatusTooManyRequests {
			l.t.Errorf("%s: answered %d", o.key, status)
			return r, false
		}

		pause(ctx, 30*time.Millisecond)
	}

	return r, false
}

// maxAgain bounds how often a merchant orders anew.
const maxAgain = 3

// believes is the merchant of a payout who is told that nothing happened: the
// order is made anew, under another key. Should the first one happen all the
// same, the money has moved twice.
func (l *load) believes(o *order, r record) bool {
	if o.kind != "payout" || r.Status != "failed" || r.Failure == nil ||
		o.again == maxAgain {
		return false
	}

	if r.Failure.Outcome != "not_sent" && r.Failure.Outcome != "refused" {
		return false
	}
	o.again++
	o.key = fmt.Sprintf("%s+%d", strings.SplitN(o.key, "+", 2)[0], o.again)

	return true
}

// decide is the operator at the end of the day, who looks into the providers'
// books and resolves what nobody else can: what is in doubt, and payouts under
// review. Nothing under way can reach the providers any more.
func (l *load) decide(ctx context.Context, v *verdict) {
	decided := 0
	for _, o := range l.orders {
		r, found := v.records[o.id]
		if !found || o.kind != "payout" ||
			(r.Status != "unknown" && r.Status != "under_review") {
			continue
		}

		truth := "failed"
		if e := v.of(o); len(e) > 0 {
			truth = map[bool]string{true: "succeeded", false: ""}[e[0].Moved]
		}
		if truth == "" {
			continue // the provider still works on it
		}

		body := fmt.Sprintf(`{"status":%q,"reason":"as in the provider's books"}`, truth)
		status, err := call(
			ctx,
			http.MethodPost,
			"http://"+l.hosts[0].address+o.path()+"/"+o.id+"/resolve",
			"",
			body,
			nil,
		)
		if err != nil || status >= 300 {
			l.t.Errorf(
				"%s is %s and cannot be resolved as %s: %d %v",
				o.id,
				r.Status,
				truth,
				status,
				err,
			)
		}

		decided++
	}

	l.t.Logf("the operator decided %d payouts", decided)
}

// finish has what was cut off in the middle answered, as a merchant would who
// comes back the next day: it is on disk or it is not, and the same key tells.
func (l *load) finish(ctx context.Context) {
	for _, o := range l.orders {
		if o.id != "" {
			continue
		}
		if r, answered := l.insist(ctx, o, 0); answered {
			o.id, l.done = r.ID, l.done+1
		}
	}
}

// leave is the customer on the provider's page, who then comes back to the shop
// or closes the window.
func (l *load) leave(ctx context.Context, o *order, page, result string) {
	words := map[string]string{"pay": "pay", "fail": "cancel"}
	if o.provider == "reference" {
		words = map[string]string{"pay": "paid", "fail": "failed"}
	}
	req, err := http.NewRequestWithContext(
		ctx,
		http.MethodPost,
		page,
		strings.NewReader(url.Values{"result": {words[result]}}.Encode()),
	)
	if err != nil {
		return
	}

	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return
	}

	_ = resp.Body.Close()
	if back := resp.Header.Get("Location"); back != "" {
		// the host may be down: the customer sees an error page
		_, _ = call(ctx, http.MethodGet, back, "", "", nil)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
