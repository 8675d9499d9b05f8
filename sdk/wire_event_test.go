package sdk

import (
	"strings"
	"testing"
	"time"
)

// crossed returns what a host hears of an event that a plugin tells.
func crossed(t *testing.T, e Event) Event {
	t.Helper()
	answer, failure := parseWebhook.answer(&WebhookResult{Verification: VerifiedBySignature, Events: []Event{e}}, nil)
	if failure != nil {
		t.Fatal(failure)
	}
	heard, failure := parseWebhook.read(answer)
	if failure != nil || len(heard.Events) != 1 {
		t.Fatalf("got %+v, %v", heard, failure)
	}
	return heard.Events[0]
}

func TestAnOddPartOfAnEventDoesNotLoseTheRest(t *testing.T) {
	long := strings.Repeat("9", 10_000)
	dollars := func(amount string) *Money { return ReadMoney(amount, "USD") }
	endless := *dollars("60")
	endless.Amount = endless.Amount.Shift(1 << 20)

	for name, c := range map[string]struct {
		change func(*Event)
		want   PaymentStatus
	}{
		"nothing odd": {func(*Event) {}, PaymentSucceeded},
		"a time after the last year": {func(e *Event) {
			e.OccurredAt = time.Date(10000, 1, 1, 4, 59, 59, 0, time.UTC)
		}, PaymentSucceeded},
		"a time before the first year": {func(e *Event) { e.OccurredAt = time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC) }, PaymentSucceeded},
		"an endless id":                {func(e *Event) { e.ID = long }, PaymentSucceeded},
		"an endless reference of ours": {func(e *Event) { e.Reference = long }, PaymentSucceeded},
		"an endless reference of theirs": {func(e *Event) {
			e.Payment.ProviderReference = long
		}, PaymentUnderReview},
		"an endless transaction id": {func(e *Event) { e.Payment.TransactionID = long }, PaymentUnderReview},
		"a currency that is none":   {func(e *Event) { e.Payment.Amount.Currency = "US dollars" }, PaymentUnderReview},
		"an endless amount":         {func(e *Event) { e.Payment.Amount = &endless }, PaymentUnderReview},
		"a negative amount":         {func(e *Event) { e.Payment.Amount.Amount = e.Payment.Amount.Amount.Neg() }, PaymentUnderReview},
		"an odd amount paid":        {func(e *Event) { e.Payment.Paid = &Money{} }, PaymentUnderReview},
		"an endless receipt":        {func(e *Event) { e.Payment.Receipts = []Receipt{{long, *dollars("60")}} }, PaymentUnderReview},
		"a receipt without an id":   {func(e *Event) { e.Payment.Receipts = []Receipt{{"", *dollars("60")}} }, PaymentUnderReview},
		"a receipt of another age":  {func(e *Event) { e.Payment.Receipts = []Receipt{{"1", Money{}}} }, PaymentUnderReview},
		"an endless message":        {func(e *Event) { e.Payment.Message = long }, PaymentSucceeded},
		"a message in Latin-1":      {func(e *Event) { e.Payment.Message = "Jos\xe9" }, PaymentSucceeded},
		"an endless status":         {func(e *Event) { e.Payment.ProviderStatus = long }, PaymentSucceeded},
	} {
		told := Event{ID: "1", Reference: "pay_1", OccurredAt: time.Unix(7, 0), Payment: &Payment{
			ProviderReference: "T1", Status: PaymentSucceeded, Amount: dollars("60"),
		}}
		c.change(&told)
		before := *told.Payment

		heard := crossed(t, told)
		reviewed := c.want == PaymentUnderReview
		if (heard.Payment.Status != c.want) || (reviewed && (heard.Payment.Message == "")) {
			t.Errorf("%s: got %s, %.80q", name, heard.Payment.Status, heard.Payment.Message)
		}
		if told.Payment.Status != before.Status {
			t.Errorf("%s: the plugin's own event was changed", name)
		}
	}
}

func TestTheOddPartsOfPayoutsAndRefunds(t *testing.T) {
	odd := &Money{Currency: "US dollars"}
	for _, status := range []PayoutStatus{PayoutSucceeded, PayoutFailed} {
		heard := crossed(t, Event{Reference: "po_1", Payout: &Payout{Status: status, Amount: odd}})
		want := map[PayoutStatus]PayoutStatus{PayoutSucceeded: PayoutUnderReview, PayoutFailed: PayoutFailed}[status]
		if heard.Payout.Status != want || heard.Payout.Amount != nil {
			t.Errorf("a payout that %s: got %+v", status, heard.Payout)
		}
	}
	for _, status := range []RefundStatus{RefundSucceeded, RefundPending} {
		heard := crossed(t, Event{Reference: "re_1", Refund: &Refund{Status: status, Amount: odd}})
		want := map[RefundStatus]RefundStatus{RefundSucceeded: RefundUnderReview, RefundPending: RefundPending}[status]
		if heard.Refund.Status != want || heard.Refund.Amount != nil {
			t.Errorf("a refund that is %s: got %+v", status, heard.Refund)
		}
	}
}

func TestTwoEndlessIdsStayTwo(t *testing.T) {
	long := strings.Repeat("9", 10_000)
	payment := &Payment{Status: PaymentSucceeded}
	one, two := crossed(t, Event{ID: long + "1", Payment: payment}), crossed(t, Event{ID: long + "2", Payment: payment})
	if one.ID == two.ID || one.ID == "" {
		t.Errorf("got %q and %q", one.ID, two.ID)
	}
}
