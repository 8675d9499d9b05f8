package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// news is a webhook's body.
type news struct {
	ID, Reference, Theirs, Status, Amount string
	Kind                                  payment.Kind
	Parent                                string
	Verification                          sdk.Verification
	// what a transfer is called that names nothing of ours
	Stray       string
	Transaction string `json:",omitempty"` // the customer's payment
}

// tell sends webhooks about an entry as it is now: perhaps none, perhaps two,
// each when it comes, and again until it is taken.
func (l *ledgers) tell(e *entry) {
	w := l.world
	if e.account.webhooks == "" {
		return
	}
	e.news++
	n := news{
		ID:           fmt.Sprintf("%s-%d", e.theirs, e.news),
		Reference:    e.ref,
		Theirs:       e.theirs,
		Status:       e.status,
		Kind:         e.kind,
		Verification: e.account.webhooks,
	}

	if e.kind == payment.KindRefund {
		n.Parent = e.parent.ref
	}
	if money := e.money(); money != nil {
		n.Amount = money.Amount.String()
	}

	if e.status == "succeeded" {
		n.Transaction = e.transaction()
	}
	if e.ref == "" {
		n.Stray, n.Amount = e.theirs, e.amount.String()
		if w.pick(e.nick+" has a reference", 2) == 0 {
			n.Theirs = ""
		}
	}

	body, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}

	copies := 1
	name := fmt.Sprintf("webhook %d about %s", e.news, e.nick)
	if w.happens(name+" is never sent", w.record.rates.unnotified) {
		copies = 0
	} else if w.happens(name+" is sent twice", w.record.rates.twice) {
		copies = 2
	}

	for k := range copies {
		w.act(func() { l.notify(e, n, fmt.Sprintf("%s.%d", name, k+1), body) })
	}
}

func (l *ledgers) notify(e *entry, n news, name string, body []byte) {
	w := l.world
	for try := 1; try <= 5; try++ {
		w.pass(nil, name+" is on its way", 5*time.Minute)
		m := w.machineFor(fmt.Sprintf("%s try %d", name, try))
		status, err := reach(w, name, m, func(ctx context.Context, h *host) (int, error) {
			request := httptest.NewRequestWithContext(ctx, http.MethodPost, e.notify,
				bytes.NewReader(body))
			answer := httptest.NewRecorder()
			h.inbox.WebhookHandler().ServeHTTP(answer, request)
			return answer.Code, nil
		})

		w.say("%s (%s) is sent to %s: %d", name, n.Status, m.name, status)
		if err == nil && status < 300 {
			w.mu.Lock()
			w.record.delivered[n.ID+e.identity] = delivery{
				name,
				e.account.name,
				string(body),
			}
			if n.Transaction != "" && n.Verification == sdk.VerifiedBySignature {
				e.heard[n.Transaction] = true
			}

			w.mu.Unlock()
			l.settled(e.ref)
			return
		}

		w.pause(nil, name+" is tried again", time.Duration(try)*time.Minute)
	}
}

// stray is a transfer that names nothing of ours. Its name is its own: two
// providers may number theirs alike.
func (l *ledgers) stray(t *trait, amount decimal.Decimal) {
	l.counts[t.identity]++
	e := &entry{
		kind:      payment.KindPayment,
		account:   t,
		identity:  t.identity,
		theirs:    fmt.Sprintf("%d of %s", 1000+l.counts[t.identity], t.identity),
		status:    "succeeded",
		succeeded: true,
		amount:    amount,
		notify:    "http://host.example/webhooks/" + t.name,
	}

	e.nick = "stray transfer " + e.theirs
	l.world.record.strays[e.theirs] = nil
	l.tell(e)
}

// delivery is a webhook that was answered with success.
type delivery struct{ name, account, body string }

// parse is how every account reads its webhooks.
func parse(_ context.Context, r sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	var n news
	if err := json.Unmarshal(r.Request.Body, &n); err != nil {
		return nil, &sdk.Error{
			Code:    sdk.CodeInvalidRequest,
			Outcome: sdk.OutcomeRefused,
			Message: "not JSON",
		}
	}

	e := sdk.Event{ID: n.ID, Reference: n.Reference}
	var money *sdk.Money
	if n.Amount != "" {
		money = &sdk.Money{Amount: decimal.RequireFromString(n.Amount), Currency: "EUR"}
	}

	switch n.Kind {
	case payment.KindPayout:
		e.Payout = &sdk.Payout{
			ProviderReference: n.Theirs,
			Status:            sdk.PayoutStatus(n.Status),
			Amount:            money,
		}
	case payment.KindRefund:
		e.Refund = &sdk.Refund{
			ProviderReference: n.Theirs,
			Status:            sdk.RefundStatus(n.Status),
			Amount:            money,
		}
		e.PaymentReference = n.Parent

	default:
		e.Payment = &sdk.Payment{
			ProviderReference: n.Theirs,
			Status:            sdk.PaymentStatus(n.Status),
			Amount:            money,
			TransactionID:     n.Transaction,
		}
	}

	return &sdk.WebhookResult{
		Verification: n.Verification,
		Events:       []sdk.Event{e},
		Response:     sdk.OK("text/plain", "OK"),
	}, nil
}
