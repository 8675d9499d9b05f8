package core_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

func usd(text string) *sdk.Money {
	return &sdk.Money{Amount: decimal.RequireFromString(text), Currency: "USD"}
}

// A success counts for the amount that was asked for, whichever of its amounts
// says otherwise.
func TestASuccessOfAnotherAmountIsUnderReview(t *testing.T) {
	for name, c := range map[string]struct {
		says sdk.Payment
		want payment.Status
	}{
		"for 60, paid 60": {sdk.Payment{Amount: usd("60"), Paid: usd("60")},
			payment.Succeeded},
		"for 60, more was paid": {sdk.Payment{Amount: usd("60"), Paid: usd("60.01")},
			payment.Succeeded},
		"for 60, paid 1": {sdk.Payment{Amount: usd("60"), Paid: usd("1")},
			payment.UnderReview},
		"paid 1": {sdk.Payment{Paid: usd("1")}, payment.UnderReview},
		"for 60, paid nothing": {sdk.Payment{Amount: usd("60"), Paid: usd("0")},
			payment.UnderReview},
		"transfers of 60, for 600": {sdk.Payment{Amount: usd("600"),
			Receipts: []sdk.Receipt{{ID: "a", Amount: *usd("60")}}}, payment.UnderReview},
		"transfers of 59, for 60": {sdk.Payment{Amount: usd("60"),
			Receipts: []sdk.Receipt{{ID: "a", Amount: *usd("59")}}}, payment.UnderReview},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.Account.Create = func(context.Context,
				sdk.CreatePaymentRequest) (*sdk.Payment, error) {
				c.says.Status = sdk.PaymentSucceeded
				return &c.says, nil
			}
			if p := r.Pay(t, "k"); p.Status != c.want {
				t.Errorf("it is %s, want %s", p.Status, c.want)
			}
		})
	}
}

// One reference of the provider, or one transaction, cannot have paid two
// payments of an identity, whatever their accounts are called. Another identity
// may use the same words.
func TestTheSameMoneyCountsForOnePayment(t *testing.T) {
	for name, says := range map[string]sdk.Payment{
		"one reference":   {ProviderReference: "one", Amount: usd("60")},
		"one transaction": {TransactionID: "T1", Amount: usd("60")},
		"one transfer":    {Receipts: []sdk.Receipt{{ID: "t-1", Amount: *usd("60")}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			renamed, stranger := coretest.New("acme-eu"), coretest.New("stranger")
			renamed.Identity = r.Account.Identity

			for _, a := range []*coretest.Account{r.Account, renamed, stranger} {
				a.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
					says.Status = sdk.PaymentSucceeded
					return &says, nil
				}
			}

			accounts := coretest.NewAccounts(r.Account, renamed, stranger)
			host := r.HostWith(t, core.Options{Accounts: accounts})

			for n, c := range []struct {
				account string
				want    payment.Status
			}{
				{"acme", payment.Succeeded}, {"acme", payment.UnderReview},
				{"acme-eu", payment.UnderReview}, {"stranger", payment.Succeeded},
			} {
				req := coretest.Request()
				req.Provider = c.account
				p, _, err := host.CreatePayment(t.Context(), req, string(rune('a'+n)))
				if err != nil || p.Status != c.want ||
					(c.want == payment.UnderReview && p.ReviewReason != payment.ReviewMismatch) {
					t.Errorf("payment %d, of %s: %v, %+v", n+1, c.account, err, p)
				}
			}
		})
	}
}

// The events of a payment and of its refunds are one story, in one order.
func TestAPaymentAndItsRefundsHaveOneNumbering(t *testing.T) {
	r := newRig(t)
	id := r.paid(t)
	r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
		return &sdk.Refund{Status: sdk.RefundSucceeded}, nil
	}

	for _, key := range []string{"r1", "r2"} {
		if _, _, err := r.CreateRefund(t.Context(), id, refundOf("1"), key); err != nil {
			t.Fatal(err)
		}
	}

	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}
	r.PayOut(t, "p")
	events, err := r.Events(t.Context(), "", nil, 100)
	if err != nil || len(events) != 4 {
		t.Fatalf("%d events, %v", len(events), err)
	}

	for n, want := range []int64{1, 2, 3, 1} {
		if e := events[n]; e.Sequence != want || (n < 3 && e.PaymentID != id) {
			t.Errorf(
				"event %d, %s of %s, has the number %d, want %d",
				n+1,
				e.Type,
				e.PaymentID,
				e.Sequence,
				want,
			)
		}
	}
}

// A key may have 255 characters, at every call; what the provider gets of it is
// no longer than the contract allows.
func TestKeysOfEveryLengthAreTakenEverywhere(t *testing.T) {
	for _, length := range []int{1, 200, 224, 225, 255} {
		key := strings.Repeat("k", length)
		for _, s := range sendings {
			r, sent := newRig(t), 0
			call := s.ready(t, r, func(context.Context) error {
				sent++
				return nil
			})
			if _, err := call(r.Node, key); err != nil || sent != 1 {
				t.Errorf("%s with a key of %d: %v", s.name, length, err)
			}

			if _, err := call(r.Node, key+strings.Repeat("k", 256-length)); err == nil {
				t.Errorf("%s with a key of 256 was taken", s.name)
			}
		}
	}

	r := newCaptureRig(t)
	for n, key := range []string{strings.Repeat("k", 255), strings.Repeat("k", 254) + "l"} {
		if _, err := r.capture(t, "20", key); err != nil {
			t.Fatal(err)
		}
		if got := r.sent[n].IdempotencyKey; len(got) > 255 ||
			(n == 1 && got == r.sent[0].IdempotencyKey) {
			t.Errorf("the provider got a key of %d: %s", len(got), got)
		}
	}
}

// How an amount is written does not make another request of it.
func TestAnAmountIsTheSameHoweverItIsWritten(t *testing.T) {
	written := func(text string) payment.Request {
		req := coretest.Request()
		req.Amount = decimal.RequireFromString(text)
		return req
	}

	for _, text := range []string{"60", "60.0", "60.00", "60.000", "060.00", "6e1"} {
		r := newRig(t)
		r.Account.Create = coretest.Redirecting
		first := r.Pay(t, "k")
		p, replayed, err := r.CreatePayment(t.Context(), written(text), "k")
		if err != nil || !replayed || p.ID != first.ID || r.Account.Creates() != 1 {
			t.Errorf("%s: %v, replayed %v", text, err, replayed)
		}
	}

	r := newRig(t)
	id := r.paid(t)
	r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
		return &sdk.Refund{Status: sdk.RefundSucceeded}, nil
	}

	for n, text := range []string{"5", "5.0", "5.00"} {
		if _, replayed, err := r.CreateRefund(t.Context(), id, refundOf(text), "r"); err != nil ||
			replayed != (n > 0) {
			t.Errorf("a refund of %s: %v, replayed %v", text, err, replayed)
		}
	}

	c := newCaptureRig(t)
	for n, text := range []string{"5", "5.0", "5.00"} {
		if _, replayed, err := c.CapturePayment(t.Context(), c.id,
			decimal.RequireFromString(text), "c"); err != nil || replayed != (n > 0) {
			t.Errorf("a capture of %s: %v, replayed %v", text, err, replayed)
		}
	}
}

// Text that a database refuses, in an id that somebody asks about, is the name
// of nothing.
func TestAnIDOfAnyBytesIsNotFound(t *testing.T) {
	r := newRig(t)
	for _, id := range []string{"pay_\x00", "\x00", "pay_\xff\xfe", strings.Repeat("x", 1<<16),
		"pay_\xed\xa0\x80"} {
		_, err1 := r.Payment(t.Context(), id)
		_, err2 := r.RefreshPayment(t.Context(), id)
		_, _, err3 := r.CapturePayment(t.Context(), id, decimal.Zero, "k")

		_, _, err4 := r.CreateRefund(t.Context(), id, payment.RefundRequest{}, "k")
		for n, err := range []error{err1, err2, err3, err4} {
			if e := coretest.Problem(t, err); e.Code != string(sdk.CodeNotFound) {
				t.Errorf("%q, call %d: %v", id[:min(len(id), 10)], n+1, e)
			}
		}
	}
}

// A row that cannot be read keeps nobody else's waiting, and is tried again
// later.
func TestADamagedRowHoldsUpNobodyElse(t *testing.T) {
	r := newRig(t)
	r.Account.Create = func(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "theirs-" + req.Reference,
			Status: sdk.PaymentRequiresAction}, nil
	}

	damaged := r.Pay(t, "damaged").ID
	r.Clock.Add(time.Second)
	healthy := r.Pay(t, "healthy").ID
	r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{Status: sdk.PaymentSucceeded}, nil
	}

	r.sql(t, `UPDATE intents SET refs = '{' WHERE id = '`+damaged+`'`)
	r.Clock.Add(time.Minute)
	coretest.RecoverAt(t, r.Node)
	if got := r.PaymentStatus(t, healthy); got != payment.Succeeded {
		t.Errorf("the healthy one is %s", got)
	}

	list, _, err := r.ListPayments(t.Context(), payment.Filter{Limit: 10})
	if err != nil || len(list) != 1 || list[0].ID != healthy {
		t.Errorf("%v, the list has %d", err, len(list))
	}
	if _, err := r.Payment(t.Context(), damaged); coretest.Problem(
		t,
		err,
	).Code != payment.CodeStorage {
		t.Errorf("asked for by itself: %v", err)
	}

	coretest.RecoverAt(t, r.Node)
	if due := dueAt(t, r.Node); len(due) != 0 {
		t.Errorf("the damaged one is still due at %v, and is claimed for ever", due)
	}
	r.sql(t, `UPDATE intents SET refs = '["theirs-'||id||'"]' WHERE id = '`+damaged+`'`)
	r.Clock.Add(2 * time.Hour)
	coretest.RecoverAt(t, r.Node)
	if got := r.PaymentStatus(t, damaged); got != payment.Succeeded {
		t.Errorf("mended, it is %s", got)
	}
}

func dueAt(t *testing.T, c *coretest.Node) []string {
	t.Helper()
	due, err := c.DueProviders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return due
}

// sql runs a statement on the rig's database, past the store.
func (r *rig) sql(t *testing.T, statement string) {
	t.Helper()
	driver, name := "pgx", r.URL
	if path, ok := strings.CutPrefix(r.URL, "sqlite:"); ok {
		driver, name = "sqlite", path
	}

	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
