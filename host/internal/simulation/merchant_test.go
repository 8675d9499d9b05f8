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
	amount  decimal.Decimal
	account *trait
}

// heard is what a merchant makes of an answer.
type heard struct {
	id     string
	status payment.Status // "" when there is none
	// safe: nothing has moved and never will under this key, the answer says.
	safe bool
	said string
}

// errCut is for a request whose answer did not arrive.
var errCut = errors.New("the connection was cut")

// reach makes a request to a host, on somebody's behalf, and waits for the answer: not
// for ever, and not when the host dies meanwhile.
func reach[T any](w *world, who string, m *machine, request func(context.Context, *host) (T, error)) (answer T, err error) {
	name := w.pass(nil, who+" reaches "+m.name, w.record.rates.late)
	h := m.host
	if h == nil {
		w.say("%s finds %s down", who, m.name)
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
	patience := time.NewTimer(w.between(name+" patience", 20*time.Second, 90*time.Second))
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

// pay brings an order to an end: it repeats what is in doubt under the same key, believes
// what it is told, and pays again under a new key what was not done.
func (w *world) pay(o *order) {
	w.pause(nil, o.name+" begins", w.between(o.name+" begins", time.Millisecond, 3*time.Minute))
	for try := 1; try <= 3; try++ {
		if !w.payOnce(o, try) {
			return
		}
	}
}

// payOnce makes one try under one key. again says that it was not done.
func (w *world) payOnce(o *order, try int) (again bool) {
	reference := fmt.Sprintf("%s.%d", o.name, try)
	nick := string(o.kind) + " " + reference
	id := ""
	for look := 1; look <= 40; look++ {
		answer := w.ask(o, reference, id, look)
		if answer.id != "" {
			id = answer.id
		}
		if answer.safe {
			w.say("the merchant is told that %s was not done (%s), and believes it", nick, answer.said)
			w.record.promises = append(w.record.promises, promise{nick, answer.said, time.Since(w.began)})
			w.pause(nil, nick+" is given up", w.between(nick+" given up", time.Second, 30*time.Second))
			return true
		}
		if answer.status == payment.Succeeded {
			w.say("the merchant is told that %s succeeded", nick)
			return false
		}
		wait := w.between(fmt.Sprintf("%s look %d", nick, look), time.Second, time.Duration(look)*20*time.Second)
		w.pause(nil, nick+" is looked at", wait)
	}
	return false
}

// ask makes the request, or looks how it is when it was accepted.
func (w *world) ask(o *order, reference, id string, look int) heard {
	nick := string(o.kind) + " " + reference
	m := w.machineFor(fmt.Sprintf("%s look %d", nick, look))
	p, err := reach(w, nick, m, func(ctx context.Context, h *host) (*payment.Payout, error) {
		if id != "" {
			return h.core.Payout(ctx, id)
		}
		p, _, err := h.core.CreatePayout(ctx, payment.PayoutRequest{Provider: o.account.name, Amount: o.amount, Currency: "EUR",
			MerchantReference: reference}, "key of "+reference)
		return p, err
	})
	if err != nil {
		return understood(err, id != "")
	}
	return told(p.ID, p.Status, p.Failure)
}

// understood says what an error means to a merchant. One that only looked has learnt nothing.
func understood(err error, looked bool) heard {
	var e *payment.Error
	if looked || !errors.As(err, &e) {
		return heard{said: err.Error()}
	}
	safe := e.Outcome == sdk.OutcomeNotSent || e.Outcome == sdk.OutcomeRefused
	return heard{id: e.PaymentID, safe: safe, said: fmt.Sprintf("%s, %s", e.Code, e.Outcome)}
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
