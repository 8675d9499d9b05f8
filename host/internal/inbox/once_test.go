package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

func usd(text string) *sdk.Money {
	return &sdk.Money{Amount: decimal.RequireFromString(text), Currency: "USD"}
}

// tell has the account's plugin read one event out of the next notice, signed.
func (r *rig) tell(t *testing.T, e sdk.Event) {
	t.Helper()
	r.saying(sdk.VerifiedBySignature, e)
	if resp := r.post("/webhooks/acme", "{}"); resp.StatusCode != http.StatusOK {
		t.Errorf("answered %d", resp.StatusCode)
	}
}

// about is an event about a payment by a transaction of the provider.
func about(id, transaction string, status sdk.PaymentStatus) sdk.Event {
	return sdk.Event{
		ID:        transaction + " " + string(status),
		Reference: id,
		Payment: &sdk.Payment{
			Status:        status,
			Amount:        usd("60"),
			TransactionID: transaction,
		},
	}
}

// What one notice tells of happened once: an operator cannot have it count for
// two payments.
func TestANoticeIsAttachedOnce(t *testing.T) {
	r, first, webhook := unmatched(t, sdk.VerifiedBySignature)
	second := r.pay(t, "second").ID
	if _, err := r.Attach(t.Context(), webhook, first, "anna"); err != nil {
		t.Fatal(err)
	}

	_, err := r.Attach(t.Context(), webhook, second, "bob")
	if e := (&payment.Error{}); !errors.As(err, &e) || e.Code != payment.CodeConflict {
		t.Errorf("attached to another: %v", err)
	}
	if a, b := r.status(t, first), r.status(t, second); a != payment.Succeeded ||
		b != payment.RequiresAction {
		t.Errorf("they are %s and %s", a, b)
	}
}

// One transfer, told of by two notices that name different payments, has paid
// one of them.
func TestATransactionPaysOnePayment(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	first, second := r.pay(t, "a").ID, r.pay(t, "b").ID
	r.tell(t, about(first, "T1", sdk.PaymentSucceeded))
	r.tell(t, about(second, "T1", sdk.PaymentSucceeded))
	r.tell(t, about(first, "T1", sdk.PaymentSucceeded))
	r.wantStatus(t, first, payment.Succeeded, "")
	r.wantStatus(t, second, payment.UnderReview, payment.ReviewMismatch)
}

func (r *rig) wantStatus(t *testing.T, id string, want payment.Status,
	reason payment.ReviewReason) {
	t.Helper()
	p, err := r.core.Payment(t.Context(), id)
	if err != nil || p.Status != want || p.ReviewReason != reason {
		t.Errorf(
			"%v, it is %s (%s), want %s (%s)",
			err,
			p.Status,
			p.ReviewReason,
			want,
			reason,
		)
	}
}

// A customer who pays twice has paid twice: the second receipt is seen, and
// both ids are kept.
func TestASecondTransactionOfAPaymentIsSeen(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	r.tell(t, about(p.ID, "T1", sdk.PaymentSucceeded))
	r.tell(t, about(p.ID, "T2", sdk.PaymentSucceeded))
	got, err := r.core.Payment(t.Context(), p.ID)
	if err != nil || got.Status != payment.UnderReview ||
		got.ReviewReason != payment.ReviewMismatch {
		t.Fatalf("%v, it is %s (%s)", err, got.Status, got.ReviewReason)
	}

	if got.ProviderReference != p.ProviderReference ||
		!strings.Contains(fmt.Sprint(got.ProviderReferences), "T1 T2") {
		t.Errorf(
			"the reference %q of %q, all are %v",
			got.ProviderReference,
			p.ProviderReference,
			got.ProviderReferences,
		)
	}

	events, err := r.core.Events(t.Context(), "", []string{"payment.under_review"}, 10)
	if err != nil || len(events) != 1 {
		t.Errorf("%d events of the review, %v", len(events), err)
	}
}

// A customer who fails once and pays then has paid, in whatever order the
// notices come.
func TestAFailedTryOfAPaidPaymentChangesNothing(t *testing.T) {
	for _, failed := range []sdk.PaymentStatus{sdk.PaymentFailed, sdk.PaymentCanceled,
		sdk.PaymentExpired} {
		for _, order := range []string{"fails, then pays", "pays, then fails"} {
			r := newRig(t, sdk.TrustSignature)
			id := r.pay(t, "k").ID
			events := []sdk.Event{
				about(id, "T1", failed),
				about(id, "T2", sdk.PaymentSucceeded),
			}
			if order == "pays, then fails" {
				events[0], events[1] = events[1], events[0]
			}

			for _, e := range events {
				r.tell(t, e)
			}
			if got := r.status(t, id); got != payment.Succeeded {
				t.Errorf("%s (%s): it is %s", order, failed, got)
			}
		}
	}
}

// Whatever the provider says that it has given back, what was never paid, or is
// more than is left, is looked at.
func TestARefundByTheProviderIsHeldToWhatWasPaid(t *testing.T) {
	of := func(id, theirs, amount string) sdk.Event {
		e := refundEvent(id, theirs)
		e.ID, e.Refund.Amount = theirs, usd(amount)
		return e
	}

	t.Run("of a payment that nobody paid", func(t *testing.T) {
		r := newRig(t, sdk.TrustSignature)
		id := r.pay(t, "k").ID
		r.tell(t, of(id, "r-1", "10"))
		r.wantRefunds(t, id, payment.UnderReview)
	})

	t.Run("of more than was paid", func(t *testing.T) {
		r := newRig(t, sdk.TrustSignature)
		id := r.paid(t, "k").ID
		r.tell(t, of(id, "r-1", "6000"))
		r.wantRefunds(t, id, payment.UnderReview)
	})

	t.Run("of more than is left", func(t *testing.T) {
		r := newRig(t, sdk.TrustSignature)
		id := r.paid(t, "k").ID
		r.tell(t, of(id, "r-1", "50"))
		r.tell(t, of(id, "r-2", "10.01"))
		r.wantRefunds(t, id, payment.Succeeded, payment.UnderReview)
	})

	t.Run("of all of it", func(t *testing.T) {
		r := newRig(t, sdk.TrustSignature)
		id := r.paid(t, "k").ID
		r.tell(t, of(id, "r-1", "50"))
		r.tell(t, of(id, "r-2", "10"))
		r.wantRefunds(t, id, payment.Succeeded, payment.Succeeded)
	})
}

// wantRefunds compares the statuses of a payment's refunds, in the order of the
// provider's references.
func (r *rig) wantRefunds(t *testing.T, id string, want ...payment.Status) {
	t.Helper()
	list := r.refunds(t, id)
	slices.SortFunc(list, func(a, b payment.Refund) int {
		return strings.Compare(a.ProviderReference, b.ProviderReference)
	})

	var got []payment.Status
	for _, refund := range list {
		got = append(got, refund.Status)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the refunds are %v, want %v", got, want)
	}
}

// A refund of ours in doubt may be what the provider tells of: it does not
// become a second one.
func TestARefundInDoubtIsNotTakenForTheProviders(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	id := r.paid(t, "k").ID
	r.account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
		return nil, &sdk.Error{
			Code:    sdk.CodeUnavailable,
			Outcome: sdk.OutcomeUnknown,
			Message: "no answer",
		}
	}

	_, _, err := r.core.CreateRefund(t.Context(), id, payment.RefundRequest{}, "r")
	if e := (&payment.Error{}); !errors.As(err, &e) || e.Outcome != sdk.OutcomeUnknown {
		t.Fatal(err)
	}
	r.tell(t, refundEvent(id, "r-1"))
	if n := r.newest(t); n.State != payment.WebhookUnmatched {
		t.Errorf("the notice is %s", n.State)
	}

	r.wantRefunds(t, id, payment.Unknown)
}

// A notice whose reading lasts so long that another host reads it too is called
// what it is: applied.
func TestANoticeThatIsReadTwiceAtOnceIsApplied(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	id, reads := r.pay(t, "k").ID, 0
	first, release := make(chan struct{}), make(chan struct{})
	r.account.Webhook = func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		if reads++; reads == 1 {
			close(first)
			<-release
		}
		return &sdk.WebhookResult{Verification: sdk.VerifiedBySignature,
			Events: []sdk.Event{about(id, "", sdk.PaymentSucceeded)}}, nil
	}

	done := make(chan struct{})
	go func() {
		defer close(done)
		r.post("/webhooks/acme", "{}")
	}()

	<-first
	if err := r.restarted(70 * time.Second).Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(release)
	<-done
	if n := r.newest(t); n.State != payment.WebhookApplied || !n.Verified || reads != 2 {
		t.Errorf("read %d times, it is %s, verified %v", reads, n.State, n.Verified)
	}

	events, err := r.core.Events(t.Context(), "", nil, 10)
	if err != nil || len(events) != 2 {
		t.Errorf(
			"%d events, want that it was made and that it succeeded: %v",
			len(events),
			err,
		)
	}
}

// A provider that uses an id for several things, such as its payment's: what
// comes under a known id and says something else is another event, and the same
// once more is not.
func TestAnEventIDThatSaysSomethingElseIsAnotherEvent(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	id := r.pay(t, "k").ID

	for n, status := range []sdk.PaymentStatus{sdk.PaymentProcessing, sdk.PaymentProcessing,
		sdk.PaymentSucceeded} {
		r.tell(t, sdk.Event{
			ID:         "same",
			Reference:  id,
			OccurredAt: time.Unix(int64(n), 0),
			Payment:    &sdk.Payment{Status: status, Amount: usd("60")},
		})
	}

	if got := r.status(t, id); got != payment.Succeeded {
		t.Errorf("it is %s", got)
	}
	list, err := r.core.Events(t.Context(), "",
		[]string{"payment.processing", "payment.succeeded"}, 10)
	if err != nil || len(list) != 2 {
		t.Errorf("%d events, %v", len(list), err)
	}
}

// A signed success that has no amount must name our reference; the provider's
// alone may be another's by now.
func TestASuccessWithoutAnAmountMustNameOurReference(t *testing.T) {
	for _, c := range []struct {
		name  string
		event func(id string) sdk.Event
		want  payment.Status
	}{
		{"ours", func(id string) sdk.Event {
			return sdk.Event{Reference: id, Payment: &sdk.Payment{Status: sdk.PaymentSucceeded}}
		}, payment.Succeeded},
		{"only theirs", func(id string) sdk.Event {
			return sdk.Event{Payment: &sdk.Payment{ProviderReference: "theirs-" + id,
				Status: sdk.PaymentSucceeded}}
		}, payment.UnderReview},
		{"only theirs, with the amount", func(id string) sdk.Event {
			return sdk.Event{Payment: &sdk.Payment{
				ProviderReference: "theirs-" + id,
				Status:            sdk.PaymentSucceeded,
				Amount:            usd("60"),
			}}
		}, payment.Succeeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, sdk.TrustSignature)
			id := r.pay(t, "k").ID
			r.tell(t, c.event(id))
			if got := r.status(t, id); got != c.want {
				t.Errorf("it is %s, want %s", got, c.want)
			}
		})
	}
}

// The provider gives one reference to two payments. Money that comes by it is
// nobody's for certain once one has succeeded.
func TestAReferenceThatIsUsedTwiceSettlesOnePayment(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{
			ProviderReference: "reused",
			Status:            sdk.PaymentRequiresAction,
		}, nil
	}

	first, second := r.pay(t, "a").ID, r.pay(t, "b").ID
	byReference := sdk.Event{
		ID: "e0",
		Payment: &sdk.Payment{
			ProviderReference: "reused",
			Status:            sdk.PaymentSucceeded,
			Amount:            usd("60"),
		},
	}

	r.tell(t, byReference) // it may be either
	if n := r.newest(t); n.State != payment.WebhookUnmatched {
		t.Errorf("a notice that fits both is %s", n.State)
	}

	for n, id := range []string{first, second} {
		r.tell(t, sdk.Event{
			ID:        fmt.Sprint("e", n+1),
			Reference: id,
			Payment: &sdk.Payment{
				ProviderReference: "reused",
				Status:            sdk.PaymentSucceeded,
				Amount:            usd("60"),
			},
		})
	}

	r.wantStatus(t, first, payment.Succeeded, "")
	r.wantStatus(t, second, payment.UnderReview, payment.ReviewMismatch)
}

// The intent of another account is never meant, whichever reference a notice
// names it by.
func TestANoticeOfAnotherAccountFitsNothing(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	r.other.OnInfo.WebhookTrust, r.other.Webhook = r.account.OnInfo.WebhookTrust, coretest.Parse

	id := r.pay(t, "k").ID
	for _, e := range []sdk.Event{
		{
			ID:        "1",
			Reference: id,
			Payment: &sdk.Payment{Status: sdk.PaymentSucceeded,
				Amount: usd("60")},
		},
		{
			ID: "2",
			Payment: &sdk.Payment{
				ProviderReference: "theirs-" + id,
				Status:            sdk.PaymentSucceeded,
				Amount:            usd("60"),
			},
		},
		{
			ID:               "3",
			PaymentReference: id,
			Refund: &sdk.Refund{Status: sdk.RefundSucceeded,
				Amount: usd("60")},
		},
	} {
		r.other.Webhook = func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
			return &sdk.WebhookResult{
				Verification: sdk.VerifiedBySignature,
				Events:       []sdk.Event{e},
			}, nil
		}

		r.post("/webhooks/other", "{}")
		if n := r.newest(t); n.State != payment.WebhookUnmatched {
			t.Errorf("event %s: the notice is %s", e.ID, n.State)
		}
	}

	if got := r.status(t, id); got != payment.RequiresAction || len(r.refunds(t, id)) != 0 {
		t.Errorf("it is %s", got)
	}
}

// The account has become somebody else at the provider: what the new one's
// notices say of the old one's payments proves nothing.
func TestANoticeOfAnotherIdentityIsUnderReview(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	id := r.pay(t, "k").ID
	r.account.Identity = "another merchant"
	r.tell(t, sdk.Event{
		Reference: id,
		Payment: &sdk.Payment{Status: sdk.PaymentSucceeded,
			Amount: usd("60")},
	})
	r.wantStatus(t, id, payment.UnderReview, payment.ReviewUnproven)
}

// Bytes that a database refuses, in whatever a genuine notice names: it is
// answered, kept, and fits nothing.
func TestANoticeThatNamesOddBytesIsAnsweredAndKept(t *testing.T) {
	const odd = "a\x00b\xffc"
	r := newRig(t, sdk.TrustSignature)
	id := r.pay(t, "k").ID

	succeeded := sdk.Payment{Status: sdk.PaymentSucceeded, Amount: usd("60")}
	for name, e := range map[string]sdk.Event{
		"our reference": {Reference: odd, Payment: &succeeded},
		"theirs": {Payment: &sdk.Payment{ProviderReference: odd,
			Status: sdk.PaymentSucceeded}},
		"the event's id": {ID: odd, Reference: odd, Payment: &succeeded},
		"a refund's payment": {PaymentReference: odd,
			Refund: &sdk.Refund{ProviderReference: odd, Status: sdk.RefundSucceeded}},
	} {
		r.tell(t, e)
		if n := r.newest(t); n.State != payment.WebhookUnmatched || n.Tries > 1 {
			t.Errorf("%s: the notice is %s", name, n.State)
		}
	}

	r.tell(t, sdk.Event{
		ID:        odd,
		Reference: id,
		Payment: &sdk.Payment{
			Status:         sdk.PaymentSucceeded,
			Amount:         usd("60"),
			TransactionID:  odd,
			ProviderStatus: odd,
			Message:        odd,
			State:          []byte(odd),
		},
	})

	if got := r.status(t, id); got != payment.Succeeded {
		t.Errorf("odd bytes beside our reference: it is %s", got)
	}
}

// What was decided by hand, or by another notice, is not repeated by one that
// was applied already, unless somebody wants it applied again.
func TestWhatIsAppliedIsAppliedAgainOnlyByHand(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	id := r.pay(t, "k").ID
	failed := sdk.Event{
		ID:        "e1",
		Reference: id,
		Payment:   &sdk.Payment{Status: sdk.PaymentUnderReview, Amount: usd("60")},
	}
	r.tell(t, failed)

	r.wantStatus(t, id, payment.UnderReview, payment.ReviewProvider)
	r.tell(t, sdk.Event{
		ID:        "e2",
		Reference: id,
		Payment:   &sdk.Payment{Status: sdk.PaymentProcessing, Amount: usd("60")},
	})
	r.wantStatus(t, id, payment.Processing, "")
	again := failed // some providers send the time of the delivery

	again.OccurredAt = time.Unix(1, 0)
	r.tell(t, again)
	r.wantStatus(t, id, payment.Processing, "")
	if _, err := r.Replay(t.Context(), r.newest(t).ID); err != nil {
		t.Fatal(err)
	}

	r.wantStatus(t, id, payment.UnderReview, payment.ReviewProvider)
}

// Two hosts find the same notice waiting: one of them reads it.
func TestAWaitingNoticeIsReadByOneHost(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	id, reads := r.pay(t, "k").ID, 0
	r.account.SetDown(true)
	r.post("/webhooks/acme", "{}")
	r.account.SetDown(false)
	second := r.restarted(2 * time.Minute)
	r.account.Webhook = func(ctx context.Context, _ sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		if reads++; reads == 1 { // another host looks while this one reads
			if err := second.Catchup(ctx); err != nil {
				t.Error(err)
			}
		}
		return &sdk.WebhookResult{Verification: sdk.VerifiedBySignature,
			Events: []sdk.Event{about(id, "", sdk.PaymentSucceeded)}}, nil
	}

	if err := r.restarted(2 * time.Minute).Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.status(t, id); got != payment.Succeeded || reads != 1 {
		t.Errorf("it is %s, and the notice was read %d times", got, reads)
	}
}
