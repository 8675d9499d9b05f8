package wire

import (
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

// crossed returns what a host hears of an event that a plugin tells.
func crossed(t *testing.T, e sdk.Event) sdk.Event {
	t.Helper()
	answer, failure := ParseWebhook.Answer(
		&sdk.WebhookResult{Verification: sdk.VerifiedBySignature, Events: []sdk.Event{e}},
		nil,
	)
	if failure != nil {
		t.Fatal(failure)
	}

	heard, failure := ParseWebhook.ReadResponse(answer)
	if failure != nil || len(heard.Events) != 1 {
		t.Fatalf("got %+v, %v", heard, failure)
	}

	return heard.Events[0]
}

func TestAnOddPartOfAnEventDoesNotLoseTheRest(t *testing.T) {
	long := strings.Repeat("9", 10_000)
	dollars := func(amount string) *sdk.Money { return sdk.ReadMoney(amount, "USD") }
	endless := *dollars("60")
	endless.Amount = endless.Amount.Shift(1 << 20)

	for name, c := range map[string]struct {
		change func(*sdk.Event)
		want   sdk.PaymentStatus
	}{
		"nothing odd": {func(*sdk.Event) {}, sdk.PaymentSucceeded},
		"a time after the last year": {func(e *sdk.Event) {
			e.OccurredAt = time.Date(10000, 1, 1, 4, 59, 59, 0, time.UTC)
		}, sdk.PaymentSucceeded},
		"a time before the first year": {func(e *sdk.Event) { e.OccurredAt = time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC) }, sdk.PaymentSucceeded},
		"an endless id":                {func(e *sdk.Event) { e.ID = long }, sdk.PaymentSucceeded},
		"an endless reference of ours": {func(e *sdk.Event) { e.Reference = long }, sdk.PaymentSucceeded},
		"an endless reference of theirs": {func(e *sdk.Event) {
			e.Payment.ProviderReference = long
		}, sdk.PaymentUnderReview},
		"an endless transaction id": {func(e *sdk.Event) { e.Payment.TransactionID = long }, sdk.PaymentUnderReview},
		"a currency that is none":   {func(e *sdk.Event) { e.Payment.Amount.Currency = "US dollars" }, sdk.PaymentUnderReview},
		"an endless amount":         {func(e *sdk.Event) { e.Payment.Amount = &endless }, sdk.PaymentUnderReview},
		"a negative amount":         {func(e *sdk.Event) { e.Payment.Amount.Amount = e.Payment.Amount.Amount.Neg() }, sdk.PaymentUnderReview},
		"an odd amount paid":        {func(e *sdk.Event) { e.Payment.Paid = &sdk.Money{} }, sdk.PaymentUnderReview},
		"an endless receipt":        {func(e *sdk.Event) { e.Payment.Receipts = []sdk.Receipt{{ID: long, Amount: *dollars("60")}} }, sdk.PaymentUnderReview},
		"a receipt without an id":   {func(e *sdk.Event) { e.Payment.Receipts = []sdk.Receipt{{Amount: *dollars("60")}} }, sdk.PaymentUnderReview},
		"a receipt of another age":  {func(e *sdk.Event) { e.Payment.Receipts = []sdk.Receipt{{ID: "1"}} }, sdk.PaymentUnderReview},
		"an endless message":        {func(e *sdk.Event) { e.Payment.Message = long }, sdk.PaymentSucceeded},
		"a message in Latin-1":      {func(e *sdk.Event) { e.Payment.Message = "Jos\xe9" }, sdk.PaymentSucceeded},
		"an endless status":         {func(e *sdk.Event) { e.Payment.ProviderStatus = long }, sdk.PaymentSucceeded},
	} {
		told := sdk.Event{
			ID:         "1",
			Reference:  "pay_1",
			OccurredAt: time.Unix(7, 0),
			Payment: &sdk.Payment{
				ProviderReference: "T1",
				Status:            sdk.PaymentSucceeded,
				Amount:            dollars("60"),
			},
		}

		c.change(&told)
		before := *told.Payment

		heard := crossed(t, told)
		reviewed := c.want == sdk.PaymentUnderReview
		if (heard.Payment.Status != c.want) || (reviewed && (heard.Payment.Message == "")) {
			t.Errorf("%s: got %s, %.80q", name, heard.Payment.Status, heard.Payment.Message)
		}

		if told.Payment.Status != before.Status {
			t.Errorf("%s: the plugin's own event was changed", name)
		}
	}
}

func TestTheOddPartsOfPayoutsAndRefunds(t *testing.T) {
	odd := &sdk.Money{Currency: "US dollars"}
	for _, status := range []sdk.PayoutStatus{sdk.PayoutSucceeded, sdk.PayoutFailed} {
		heard := crossed(
			t,
			sdk.Event{Reference: "po_1", Payout: &sdk.Payout{Status: status, Amount: odd}},
		)
		want := map[sdk.PayoutStatus]sdk.PayoutStatus{sdk.PayoutSucceeded: sdk.PayoutUnderReview, sdk.PayoutFailed: sdk.PayoutFailed}[status]
		if heard.Payout.Status != want || heard.Payout.Amount != nil {
			t.Errorf("a payout that %s: got %+v", status, heard.Payout)
		}
	}

	for _, status := range []sdk.RefundStatus{sdk.RefundSucceeded, sdk.RefundPending} {
		heard := crossed(
			t,
			sdk.Event{Reference: "re_1", Refund: &sdk.Refund{Status: status, Amount: odd}},
		)
		want := map[sdk.RefundStatus]sdk.RefundStatus{sdk.RefundSucceeded: sdk.RefundUnderReview, sdk.RefundPending: sdk.RefundPending}[status]
		if heard.Refund.Status != want || heard.Refund.Amount != nil {
			t.Errorf("a refund that is %s: got %+v", status, heard.Refund)
		}
	}
}

func TestTwoEndlessIdsStayTwo(t *testing.T) {
	long := strings.Repeat("9", 10_000)
	payment := &sdk.Payment{Status: sdk.PaymentSucceeded}
	one, two := crossed(
		t,
		sdk.Event{ID: long + "1", Payment: payment},
	), crossed(
		t,
		sdk.Event{ID: long + "2", Payment: payment},
	)
	if one.ID == two.ID || one.ID == "" {
		t.Errorf("got %q and %q", one.ID, two.ID)
	}
}
