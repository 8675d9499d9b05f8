package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// order is what a merchant wants to be done exactly once.
type order struct {
	name    string
	kind    payment.Kind
	flow    string // of a payment: direct, hold or link
	amount  decimal.Decimal
	account *trait
}

// heard is what a merchant makes of an answer.
type heard struct {
	id     string
	status payment.Status // "" when there is none
	// safe: nothing has moved and never will under this key, the answer says.
	safe, redirected bool
	done             bool // an action was carried out
	said             string
}

// inquiry is one request of a merchant: to whom, by which name in the story,
// under which key, and about what when that is known.
type inquiry struct {
	machine      *machine
	who, key, id string
}

// errCut is for a request whose answer did not arrive.
var errCut = errors.New("the connection was cut")

// reach makes a request to a host, on somebody's behalf, and waits for the
// answer: not for ever, and not when the host dies meanwhile.
func reach[T any](w *world, who string, m *machine, request func(context.Context, *host) (T,
	error)) (answer T, err error) {
	name := w.pass(nil, who+" reaches "+m.name, w.record.rates.late)
	h := m.host
	if h == nil {
		w.say("%s: %s is down", who, m.name)
		return answer, errCut
	}

	type reply struct {
		answer T
		err    error
	}
	ctx, cancel := context.WithCancel(as(context.Background(), who))
	defer cancel()

	replies := make(chan reply, 1)
	go func() {
		answer, err := request(ctx, h)
		replies <- reply{answer, err}
	}()

	patience := time.NewTimer(w.between(name+" patience", 3*time.Second, 29*time.Second))
	defer patience.Stop()

	var r reply
	select {
	case r = <-replies:
	case <-h.died:
		r.err = errCut
	case <-patience.C:
		r.err = errCut
	}

	w.pass(nil, who+" hears from "+m.name, w.record.rates.late)
	return r.answer, r.err
}

// machineFor picks a host for a request.
func (w *world) machineFor(name string) *machine {
	return w.hosts[w.pick(name+" goes to", len(w.hosts))]
}

// pay brings an order to an end: it repeats what is in doubt under the same
// key, believes what it is told, and pays again under a new key what was not
// done.
func (w *world) pay(o *order) {
	w.pause(
		nil,
		o.name+" begins",
		w.between(o.name+" begins", time.Millisecond, 3*time.Minute),
	)

	for try := 1; try <= 3; try++ {
		reference := fmt.Sprintf("%s.%d", o.name, try)
		o.account = o.account.now()
		answer := w.insist(string(o.kind)+" "+reference, func(q inquiry) (heard, error) {
			return w.request(o, q, reference)
		})
		if !answer.safe {
			w.goOn(o, reference, answer)
			return
		}
	}
}

// insist makes a request until it is known what became of it: again under the
// same key while it is in doubt.
func (w *world) insist(nick string, request func(inquiry) (heard, error)) (answer heard) {
	id := ""
	for look := 1; look <= 12; look++ {
		m := w.machineFor(fmt.Sprintf("%s look %d", nick, look))
		result := w.once(nick, look, id, m, request)
		if answer = result; answer.id != "" {
			id = answer.id
		}

		answer.id = id
		if answer.safe {
			w.say("the merchant is told that %s was not done (%s), and believes it", nick,
				answer.said)
			w.record.promises = append(w.record.promises, promise{nick, answer.said,
				time.Since(w.began)})
			w.pause(nil, nick+" is given up", w.between(nick+" given up", time.Second,
				30*time.Second))

			return answer
		}

		switch answer.status {
		case payment.Succeeded, payment.Authorized, payment.RequiresAction, payment.Expired:
			w.say("the merchant is told that %s is %s", nick, answer.status)
			return answer
		}

		wait := w.between(fmt.Sprintf("%s look %d", nick, look), time.Second,
			min(time.Second<<look, 20*time.Minute))
		w.pause(nil, nick+" is looked at", wait)
	}

	return answer
}

// once makes a request once or, by mistake, twice at once under one key: then
// the merchant believes that nothing was done only when both answers say so.
func (w *world) once(nick string, look int, id string, m *machine,
	request func(inquiry) (heard, error),
) heard {
	hear := func(m *machine, who string) heard {
		key, called := "key of "+nick, time.Now()
		answer, err := request(inquiry{m, who, key, id})
		if id == "" {
			w.record.uses.note(key, called, answer, err)
		}

		if answer.id != "" && !answer.done {
			w.record.accepted[answer.id] = nick
		}
		if err != nil {
			return understood(err, id != "")
		}

		return answer
	}

	name := fmt.Sprintf("%s look %d", nick, look)

	// Only the first request is doubled: of more than two at one host under one
	// key the Go scheduler would decide which goes first, and not the seed.
	if look > 1 || !w.happens(name+" is sent twice", w.record.rates.twins) {
		return hear(m, nick)
	}

	w.say("a proxy sends the request for %s twice at once", nick)
	second := make(chan heard, 1)
	w.act(func() { second <- hear(w.machineFor(name+" again"), nick+" again") })
	answer := hear(m, nick)
	other := <-second
	if answer.safe && !other.safe {
		return other
	}

	return answer
}

// request asks for an order to be carried out, or how it is when it was
// accepted.
func (w *world) request(o *order, q inquiry, reference string) (heard, error) {
	if o.kind == payment.KindPayout {
		p, err := reach(w, q.who, q.machine, func(ctx context.Context,
			h *host) (*payment.Payout, error) {
			if q.id != "" {
				return h.core.Payout(ctx, q.id)
			}
			p, _, err := h.core.CreatePayout(ctx,
				payment.PayoutRequest{
					Provider:          o.account.name,
					Amount:            o.amount,
					Currency:          "EUR",
					MerchantReference: reference,
				}, q.key)

			return p, err
		})
		if err != nil {
			return heard{}, err
		}

		return told(p.ID, p.Status, p.Failure), nil
	}

	p, err := reach(
		w,
		q.who,
		q.machine,
		func(ctx context.Context, h *host) (*payment.Payment,
			error) {
			if q.id != "" {
				return h.core.Payment(ctx, q.id)
			}
			p, _, err := h.core.CreatePayment(ctx, payment.Request{
				Provider:          o.account.name,
				Amount:            o.amount,
				Currency:          "EUR",
				MerchantReference: reference,
				Method:            o.flow,
			}, q.key)

			return p, err
		},
	)
	if err != nil {
		return heard{}, err
	}

	answer := told(p.ID, p.Status, p.Failure)
	answer.redirected = p.NextAction != nil && p.NextAction.Type == "redirect"
	return answer, nil
}

// understood says what an error means to a merchant. One that only looked has
// learnt nothing.
func understood(err error, looked bool) heard {
	var e *payment.Error
	if looked || !errors.As(err, &e) {
		return heard{said: err.Error()}
	}
	safe := e.Outcome == sdk.OutcomeNotSent || e.Outcome == sdk.OutcomeRefused
	return heard{safe: safe, said: fmt.Sprintf("%s, %s", e.Code, e.Outcome)}
}

// told says what a status means to a merchant.
func told(id string, status payment.Status, failure *payment.Failure) heard {
	h := heard{id: id, status: status}
	if status == payment.Failed || status == payment.Canceled {
		h.safe, h.said = true, string(status)
		if failure != nil {
			h.said += ", " + failure.Outcome
		}
	}
	return h
}

// goOn is what follows a payment that was made: the customer pays, the merchant
// captures, cancels, refunds.
func (w *world) goOn(o *order, reference string, answer heard) {
	nick := string(o.kind) + " " + reference
	switch {
	case o.kind != payment.KindPayment || answer.id == "":
	case answer.redirected:
		w.customer(answer.id, nick)
	case answer.status == payment.Authorized:
		w.act(func() { w.capture(o, answer.id, nick, "Bob") })
		if w.happens(nick+" is captured twice at once", w.record.rates.impatient) {
			w.act(func() { w.capture(o, answer.id, nick, "Eve") })
		}
		if w.happens(nick+" is canceled", w.record.rates.canceling) {
			w.act(func() { w.cancel(answer.id, nick) })
		}

	case answer.status == payment.Succeeded:
		for _, who := range []string{"Bob", "Eve"} {
			if w.happens(nick+" is refunded by "+who, w.record.rates.refunding) {
				w.act(func() { w.refund(o, answer.id, reference, who) })
			}
		}
	}
}

// capture has a clerk capture what the clerk wants: under a new key when told
// that it was not done.
func (w *world) capture(o *order, id, nick, clerk string) {
	amount := decimal.Zero
	if w.happens(clerk+" captures a part of "+nick, 0.5) {
		amount = o.amount.Mul(decimal.New(6, -1))
	}
	w.pause(nil, clerk+" captures "+nick, w.between(clerk+" captures "+nick, time.Second,
		5*time.Minute))

	for try := 1; try <= 3; try++ {
		what := fmt.Sprintf("capture %d of %s by %s", try, nick, clerk)
		answer := w.insist(what, func(q inquiry) (heard, error) {
			return done(reach(w, q.who, q.machine, func(ctx context.Context,
				h *host) (*payment.Payment, error) {
				p, _, err := h.core.CapturePayment(ctx, id, amount, q.key)
				return p, err
			}))
		})
		if !answer.safe || answer.said == "conflict, not_sent" {
			return
		}
	}
}

// done is what an action that succeeded means.
func done(p *payment.Payment, err error) (heard, error) {
	if err != nil {
		return heard{}, err
	}
	return heard{id: p.ID, status: payment.Succeeded, done: true}, nil
}

func (w *world) cancel(id, nick string) {
	w.pause(
		nil,
		"canceling "+nick,
		w.between("canceling "+nick, time.Second, 5*time.Minute),
	)
	w.insist("cancel of "+nick, func(q inquiry) (heard, error) {
		return done(reach(w, q.who, q.machine, func(ctx context.Context,
			h *host) (*payment.Payment, error) {
			p, _, err := h.core.CancelPayment(ctx, id, "not wanted", q.key)
			return p, err
		}))
	})
}

// refund refunds 60 of 100: two of them are one too many.
func (w *world) refund(o *order, id, reference, clerk string) {
	amount := o.amount.Mul(decimal.New(6, -1))
	w.pause(nil, clerk+" refunds "+reference, w.between(clerk+" refunds "+reference,
		time.Second, 8*time.Minute))

	for try := 1; try <= 2; try++ {
		name := fmt.Sprintf("%s-%s%d", reference, clerk, try)
		answer := w.insist("refund "+name, func(q inquiry) (heard, error) {
			r, err := reach(w, q.who, q.machine, func(ctx context.Context,
				h *host) (*payment.Refund, error) {
				if q.id != "" {
					return h.core.Refund(ctx, q.id)
				}
				r, _, err := h.core.CreateRefund(
					ctx,
					id,
					payment.RefundRequest{Amount: amount,
						Reason: name},
					q.key,
				)

				return r, err
			})
			if err != nil {
				return heard{}, err
			}

			return told(r.ID, r.Status, r.Failure), nil
		})
		if !answer.safe || answer.said == "conflict, not_sent" {
			return
		}
	}
}

// customer pays, late or soon or never, the link that the merchant handed over.
func (w *world) customer(id, nick string) {
	name := w.pause(nil, "the customer of "+nick+" thinks", w.between("customer of "+nick,
		5*time.Second,
		[]time.Duration{5 * time.Minute, 70 * time.Minute}[w.pick(nick+" hurries", 2)]))

	for _, e := range w.ledgers.of(id) {
		if e.status != "requires_action" || w.pick(name+" pays", 5) == 0 {
			w.comeBack(e, nick, false)
			continue
		}

		if e.account.webhooks == sdk.VerifiedBySignature &&
			w.happens(name+" under a wrong reference", w.record.rates.stray) {
			w.say("the customer of %s transfers the money under a wrong reference", nick)
			w.ledgers.stray(e.account, e.amount)
			return
		}

		e.status = "succeeded"
		e.succeeded = true
		e.paidAt = time.Now()
		w.say("the customer pays %s", nick)
		if w.happens(name+" another amount", w.record.rates.other) {
			e.paid = e.amount.Sub(decimal.New(1, 0))
			w.doubt(e.ref, "another amount was paid")
			w.say("... but %s in place of %s", e.paid, e.amount)
		}

		w.took(e)
		w.comeBack(e, nick, true)
		w.payAgain(e, nick)
		return
	}
}

// took notes a customer's payment in the books, and tells of it.
func (w *world) took(e *entry) {
	if e.heard == nil {
		e.heard = map[string]bool{}
	}
	if !w.early {
		e.transactions++
	}
	w.act(func() { w.ledgers.tell(e) })
}

// payAgain has a customer pay the same thing a second time.
func (w *world) payAgain(e *entry, nick string) {
	name := "the customer of " + nick + " pays again"
	if !w.happens(name, w.record.rates.again) {
		return
	}
	w.pause(nil, name, w.between(name, time.Second, 10*time.Minute))
	w.doubt(e.ref, "paid twice")
	w.say("%s", name)
	w.took(e)
}
