package intent

import (
	"slices"
	"testing"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func at(status payment.Status) Intent {
	i := Intent{
		ID:       "pay_1",
		Kind:     payment.KindPayment,
		Status:   status,
		Currency: "USD",
		Amount:   payment.Amount{Decimal: decimal.RequireFromString("60.00")},
	}
	if status == payment.Succeeded {
		i.SucceededAt = time.Unix(1, 0)
	}

	return i
}

func usd(text string) *sdk.Money {
	return &sdk.Money{Amount: decimal.RequireFromString(text), Currency: "USD"}
}

func rub(text string) *sdk.Money {
	return &sdk.Money{Amount: decimal.RequireFromString(text), Currency: "RUB"}
}

func captured(i Intent, amount string) Intent {
	i.Captured = &payment.Amount{Decimal: decimal.RequireFromString(amount)}
	return i
}

func TestDecide(t *testing.T) {
	askable, amounts := StatusQuery{
		Possible: true,
	}, StatusQuery{
		Possible: true,
		Amounts:  true,
	}

	review := func(reason payment.ReviewReason) Intent {
		i := at(payment.UnderReview)
		i.ReviewReason = reason
		return i
	}
	for _, c := range []struct {
		name   string
		in     Intent
		report Report
		ask    StatusQuery
		want   payment.Status
		reason payment.ReviewReason
		asks   bool
	}{
		{"a hint changes nothing and is a reason to ask", at(payment.RequiresAction),
			Report{Proof: Hint, Status: payment.Succeeded, Amount: usd("60")}, askable, payment.RequiresAction, "", true},
		{"a hint where nothing can be asked changes nothing", at(payment.RequiresAction),
			Report{Proof: Hint, Status: payment.Succeeded, Amount: usd("60")}, StatusQuery{}, payment.RequiresAction, "", false},
		{"the right amount, written otherwise", at(payment.RequiresAction),
			Report{Proof: Origin, Status: payment.Succeeded, Amount: usd("60.000")}, StatusQuery{}, payment.Succeeded, "", false},
		{"another amount is never a success", at(payment.RequiresAction),
			Report{Proof: Signature, Status: payment.Succeeded, Amount: usd("59.99")}, askable, payment.UnderReview, payment.ReviewMismatch, false},
		{"another currency is never a success", at(payment.RequiresAction),
			Report{Proof: Answer, Status: payment.Succeeded, Amount: &sdk.Money{Amount: decimal.RequireFromString("60"), Currency: "EUR"}},
			StatusQuery{}, payment.UnderReview, payment.ReviewMismatch, false},
		{"more than asked for is not a success either", at(payment.Processing),
			Report{Proof: Answer, Status: payment.Succeeded, Received: usd("60.01")}, StatusQuery{}, payment.UnderReview, payment.ReviewMismatch, false},
		{"signed without an amount, answers carry amounts: ask", at(payment.RequiresAction),
			Report{Proof: Signature, Status: payment.Succeeded}, amounts, payment.RequiresAction, "", true},
		{"signed without an amount, answers carry none: the signature suffices", at(payment.RequiresAction),
			Report{Proof: Signature, Named: true, Status: payment.Succeeded}, askable, payment.Succeeded, "", false},
		{"unsigned without an amount: ask", at(payment.RequiresAction),
			Report{Proof: Origin, Status: payment.Succeeded}, askable, payment.RequiresAction, "", true},
		{"unsigned without an amount and nothing to ask: unproven", at(payment.RequiresAction),
			Report{Proof: Origin, Status: payment.Succeeded}, StatusQuery{}, payment.UnderReview, payment.ReviewUnproven, false},
		{"never back", at(payment.Processing), Report{Proof: Answer, Status: payment.RequiresAction}, askable, payment.Processing, "", false},
		{"a late success is accepted", at(payment.Expired), Report{Proof: Answer, Status: payment.Succeeded}, askable, payment.Succeeded, "", false},
		{"a success taken back is confirmed by asking", at(payment.Succeeded),
			Report{Proof: Signature, Status: payment.Failed}, askable, payment.Succeeded, "", true},
		{"taken back and confirmed: under review", at(payment.Succeeded),
			Report{Proof: Answer, Status: payment.Canceled}, askable, payment.UnderReview, payment.ReviewProvider, false},
		{"taken back where nothing can be asked: under review", at(payment.Succeeded),
			Report{Proof: Signature, Status: payment.Expired}, StatusQuery{}, payment.UnderReview, payment.ReviewProvider, false},
		{"a lesser status after success is ignored", at(payment.Succeeded),
			Report{Proof: Answer, Status: payment.Processing}, askable, payment.Succeeded, "", false},
		{"a provider's review that tells another amount is for the amount", at(payment.RequiresAction),
			Report{Proof: Origin, Status: payment.UnderReview, Amount: usd("99")}, StatusQuery{}, payment.UnderReview, payment.ReviewMismatch, false},
		{"a provider's review that tells of less paid is for the amount", at(payment.RequiresAction),
			Report{Proof: Origin, Status: payment.UnderReview, Amount: usd("60"), Paid: usd("59.99")}, StatusQuery{}, payment.UnderReview, payment.ReviewMismatch, false},
		{"a provider's review that tells the right amount is its own", at(payment.RequiresAction),
			Report{Proof: Origin, Status: payment.UnderReview, Amount: usd("60"), Paid: usd("60")}, StatusQuery{}, payment.UnderReview, payment.ReviewProvider, false},
		{"the provider lifts its own review", review(payment.ReviewProvider),
			Report{Proof: Signature, Status: payment.Succeeded, Amount: usd("60")}, askable, payment.Succeeded, "", false},
		{"a mismatch is lifted by the right amount", review(payment.ReviewMismatch),
			Report{Proof: Signature, Status: payment.Succeeded, Received: usd("60")}, askable, payment.Succeeded, "", false},
		{"a mismatch is not lifted by a status alone", review(payment.ReviewMismatch),
			Report{Proof: Answer, Status: payment.Succeeded}, askable, payment.UnderReview, payment.ReviewMismatch, false},
		{"a mismatch is not talked away by the provider's review", review(payment.ReviewMismatch),
			Report{Proof: Answer, Status: payment.UnderReview}, askable, payment.UnderReview, payment.ReviewMismatch, false},
		{"a mismatch is not replaced by an unproven claim, which less would lift", review(payment.ReviewMismatch),
			Report{Proof: Origin, Status: payment.Succeeded}, StatusQuery{}, payment.UnderReview, payment.ReviewMismatch, false},
		{"a mismatch replaces an unproven claim", review(payment.ReviewUnproven),
			Report{Proof: Origin, Status: payment.Succeeded, Amount: usd("1")}, StatusQuery{}, payment.UnderReview, payment.ReviewMismatch, false},
		{"unproven is lifted by a signature", review(payment.ReviewUnproven),
			Report{Proof: Signature, Named: true, Status: payment.Succeeded}, StatusQuery{}, payment.Succeeded, "", false},
		{"unproven is not lifted by another unsigned notice", review(payment.ReviewUnproven),
			Report{Proof: Origin, Status: payment.Failed}, StatusQuery{}, payment.UnderReview, payment.ReviewUnproven, false},
		{"signed, without an amount and our reference: ask", at(payment.RequiresAction),
			Report{Proof: Signature, Status: payment.Succeeded}, askable, payment.RequiresAction, "", true},
		{"signed, without an amount and our reference, and nothing to ask: unproven", at(payment.RequiresAction),
			Report{Proof: Signature, Status: payment.Succeeded}, StatusQuery{}, payment.UnderReview, payment.ReviewUnproven, false},
		{"less was paid than asked for", at(payment.RequiresAction),
			Report{Proof: Answer, Status: payment.Succeeded, Amount: usd("60"), Paid: usd("1")}, askable, payment.UnderReview, payment.ReviewMismatch, false},
		{"nothing was paid", at(payment.RequiresAction),
			Report{Proof: Answer, Status: payment.Succeeded, Paid: usd("0")}, askable, payment.UnderReview, payment.ReviewMismatch, false},
		{"only what was paid is said, in another currency", at(payment.RequiresAction),
			Report{Proof: Answer, Status: payment.Succeeded, Paid: rub("1")}, askable, payment.UnderReview, payment.ReviewMismatch, false},
		{"paid in another currency, for the right amount", at(payment.RequiresAction),
			Report{Proof: Answer, Status: payment.Succeeded, Amount: usd("60"), Paid: rub("5000")}, askable, payment.Succeeded, "", false},
		{"the right transfers for another amount", at(payment.RequiresAction),
			Report{Proof: Answer, Status: payment.Succeeded, Amount: usd("6000"), Received: usd("60")}, askable, payment.UnderReview, payment.ReviewMismatch, false},
		{"a part was captured, and paid", captured(at(payment.Authorized), "20"),
			Report{Proof: Answer, Status: payment.Succeeded, Amount: usd("60"), Paid: usd("20")}, askable, payment.Succeeded, "", false},
		{"less was paid than captured", captured(at(payment.Authorized), "20"),
			Report{Proof: Answer, Status: payment.Succeeded, Paid: usd("19")}, askable, payment.UnderReview, payment.ReviewMismatch, false},
		{"an unsigned lesser status with another amount after a success: ask", at(payment.Succeeded),
			Report{Proof: Origin, Status: payment.Processing, Amount: usd("1")}, amounts, payment.Succeeded, "", true},
		{"the same where nothing can be asked is ignored", at(payment.Succeeded),
			Report{Proof: Origin, Status: payment.Processing, Amount: usd("1")}, StatusQuery{}, payment.Succeeded, "", false},
		{"an unsigned review after a success: ask", at(payment.Succeeded),
			Report{Proof: Origin, Status: payment.UnderReview}, amounts, payment.Succeeded, "", true},
		{"a second transaction succeeds", at(payment.Succeeded),
			Report{Proof: Origin, Status: payment.Succeeded, Amount: usd("60"), Transaction: "T2", SucceededBy: []string{"T1"}}, askable,
			payment.UnderReview, payment.ReviewMismatch, false},
		{"the transaction that succeeded does so again", at(payment.Succeeded),
			Report{Proof: Origin, Status: payment.Succeeded, Amount: usd("60"), Transaction: "T1", SucceededBy: []string{"T1"}}, askable,
			payment.Succeeded, "", false},
		{"the first of two transactions again does not lift the review", review(payment.ReviewMismatch),
			Report{Proof: Signature, Status: payment.Succeeded, Amount: usd("60"), Transaction: "T1", SucceededBy: []string{"T1", "T2"}}, askable,
			payment.UnderReview, payment.ReviewMismatch, false},
		{"another try than the one that succeeded fails", at(payment.Succeeded),
			Report{Proof: Signature, Status: payment.Failed, Transaction: "T1", SucceededBy: []string{"T2"}}, StatusQuery{}, payment.Succeeded, "", false},
		{"the transaction that succeeded fails", at(payment.Succeeded),
			Report{Proof: Signature, Status: payment.Failed, Transaction: "T2", SucceededBy: []string{"T2"}}, StatusQuery{},
			payment.UnderReview, payment.ReviewProvider, false},
		{"the money counts for another intent", at(payment.RequiresAction),
			Report{Proof: Answer, Status: payment.Succeeded, Amount: usd("60"), Contested: "it is pay_2's"}, askable,
			payment.UnderReview, payment.ReviewMismatch, false},
		{"money moves after the end, by a question just asked", at(payment.Failed),
			Report{Actor: "poll", Proof: Answer, Status: payment.Processing}, askable, payment.UnderReview, payment.ReviewProvider, false},
		{"money moves after the end, by an answer of a call: ask", at(payment.Failed),
			Report{Actor: "call", Proof: Answer, Status: payment.Processing}, askable, payment.Failed, "", true},
		{"money moves after the end, by an answer of a call, and nothing can be asked", at(payment.Failed),
			Report{Actor: "call", Proof: Answer, Status: payment.Processing}, StatusQuery{}, payment.UnderReview, payment.ReviewProvider, false},
		{"a late notice after the end changes nothing", at(payment.Failed),
			Report{Proof: Signature, Status: payment.Processing}, StatusQuery{}, payment.Failed, "", false},
		{"what is known already needs no proof", at(payment.Authorized),
			Report{Proof: Origin, Status: payment.Authorized}, StatusQuery{}, payment.Authorized, "", false},
		{"a success that is known already needs no proof", at(payment.Succeeded),
			Report{Proof: Origin, Status: payment.Succeeded}, amounts, payment.Succeeded, "", false},
		{"an operator lifts any review", review(payment.ReviewMismatch),
			Report{Proof: Operator, Status: payment.Failed}, StatusQuery{}, payment.Failed, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, v := Decide(c.in, c.report, c.ask)
			if got.Status != c.want || got.ReviewReason != c.reason || v.Query != c.asks {
				t.Errorf(
					"got %s (%s), ask %v: %s; want %s (%s), ask %v",
					got.Status,
					got.ReviewReason,
					v.Query,
					v.Note,
					c.want,
					c.reason,
					c.asks,
				)
			}

			if v.Moved != (got.Status != c.in.Status || got.ReviewReason != c.in.ReviewReason) {
				t.Errorf("moved = %v", v.Moved)
			}
		})
	}
}

func TestASuccessThatWasTakenBackIsNotFailedByItself(t *testing.T) {
	i, _ := Decide(
		at(payment.Succeeded),
		Report{Proof: Answer, Status: payment.Failed, At: time.Unix(2, 0)},
		StatusQuery{Possible: true},
	)
	again, v := Decide(
		i,
		Report{Proof: Answer, Status: payment.Failed, At: time.Unix(3, 0)},
		StatusQuery{Possible: true},
	)
	if again.Status != payment.UnderReview || v.Moved {
		t.Fatalf("got %s: only an operator may decide that", again.Status)
	}

	lifted, v := Decide(
		again,
		Report{Proof: Answer, Status: payment.Succeeded, At: time.Unix(4, 0)},
		StatusQuery{Possible: true},
	)
	if lifted.Status != payment.Succeeded || v.First {
		t.Fatalf(
			"got %s, first = %v: a second success is not announced as the first",
			lifted.Status,
			v.First,
		)
	}
}

// Once the customer has acted there is nothing left to do, unless the provider
// says what.
func TestTheNextActionEndsWhenTheCustomerHasActed(t *testing.T) {
	redirect, other := &payment.NextAction{
		Type: "redirect",
	}, &payment.NextAction{
		Type: "display",
	}
	for _, c := range []struct {
		status payment.Status
		says   *payment.NextAction
		want   *payment.NextAction
	}{
		{payment.Processing, nil, nil}, {payment.Authorized, nil, nil}, {payment.Succeeded, nil, nil}, {payment.Failed, nil, nil},
		{payment.Processing, other, other}, {payment.RequiresAction, nil, redirect},
	} {
		i := at(payment.RequiresAction)
		i.NextAction = redirect
		got, _ := Decide(
			i,
			Report{Proof: Answer, Status: c.status, NextAction: c.says},
			StatusQuery{},
		)
		if got.NextAction != c.want {
			t.Errorf("%s: %v, want %v", c.status, got.NextAction, c.want)
		}
	}
}

func TestEveryReferenceIsKept(t *testing.T) {
	i, _ := Decide(
		at(payment.RequiresAction),
		Report{Proof: Answer, Status: payment.RequiresAction, ProviderReference: "link"},
		StatusQuery{},
	)
	i, _ = Decide(
		i,
		Report{Proof: Origin, Status: payment.Processing, ProviderReference: "transaction"},
		StatusQuery{},
	)

	i, _ = Decide(
		i,
		Report{Proof: Origin, Status: payment.Processing, ProviderReference: "transaction"},
		StatusQuery{},
	)
	if !slices.Equal(i.References, []string{"link", "transaction"}) ||
		i.ProviderReference != "transaction" {
		t.Errorf("references %v, newest %q", i.References, i.ProviderReference)
	}
}

// What a merchant was told does not change when the money is there: other
// references are kept beside it.
func TestTheReferenceOfASuccessStays(t *testing.T) {
	i := at(payment.RequiresAction)
	for n, reference := range []string{"first", "second"} {
		i, _ = Decide(i, Report{
			Proof:             Answer,
			Status:            payment.Succeeded,
			ProviderReference: reference,
			At:                time.Unix(int64(n+1), 0),
		}, StatusQuery{})
	}

	if i.ProviderReference != "first" ||
		!slices.Equal(i.References, []string{"first", "second"}) {
		t.Errorf("the reference is %q, all are %v", i.ProviderReference, i.References)
	}
}

// Money that came after all is not ignored, of whatever kind the intent is.
func TestALateSuccessIsAccepted(t *testing.T) {
	for kind, table := range moves {
		for status := range table {
			if !dead(status) {
				continue
			}
			i := at(status)
			i.Kind = kind
			next, v := Decide(
				i,
				Report{Proof: Answer, Status: payment.Succeeded},
				StatusQuery{},
			)
			if next.Status != payment.Succeeded || !v.Late || !v.First {
				t.Errorf(
					"a success of a %s after %s: %s, %+v",
					kind,
					status,
					next.Status,
					v,
				)
			}
		}
	}
}

// anyReport draws a report of whatever proof and content.
func anyReport(t *rapid.T, label string) Report {
	r := Report{
		Proof: Proof(rapid.IntRange(int(Hint), int(Answer)).Draw(t, label+" proof")),
		Actor: rapid.SampledFrom([]string{"call", "poll", "webhook"}).
			Draw(t, label+" actor"),
		Named: rapid.Bool().Draw(t, label+" named"),
		Status: rapid.SampledFrom([]payment.Status{payment.RequiresAction, payment.Processing, payment.Authorized, payment.Succeeded,
			payment.Failed, payment.Canceled, payment.Expired, payment.UnderReview}).
			Draw(t, label+" status"),
		At: time.Unix(int64(rapid.IntRange(1, 1000).Draw(t, label+" at")), 0),
	}

	switch rapid.IntRange(0, 3).Draw(t, label+" amount") {
	case 1:
		r.Amount = usd("60")
	case 2:
		r.Amount = usd("59")
	case 3:
		r.Received = usd("60.00")
	}

	return r
}

// Whatever is reported, in whatever order and however often: the table is kept,
// the same report twice changes nothing, the first success is announced once,
// and no success comes from another amount.
func TestWhateverIsReported(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := at(payment.Created)
		ask := StatusQuery{
			Possible: rapid.Bool().Draw(t, "askable"),
			Amounts:  rapid.Bool().Draw(t, "amounts"),
		}
		firsts := 0

		for range rapid.IntRange(1, 12).Draw(t, "reports") {
			r := anyReport(t, "report")
			next, v := Decide(i, r, ask)
			if next.Status != i.Status && !Allowed(i.Kind, i.Status, next.Status) {
				t.Fatalf("%s to %s is not in the table", i.Status, next.Status)
			}

			if r.Proof == Hint && next.Status != i.Status {
				t.Fatalf("a hint moved it to %s", next.Status)
			}
			wrong := r.Amount != nil && !r.Amount.Equal(i.Money())
			if v.Moved && next.Status == payment.Succeeded && wrong {
				t.Fatalf("a success with %s", r.Amount)
			}

			if v.First {
				firsts++
			}
			twice, again := Decide(next, r, ask)
			if again.Moved || twice.Status != next.Status {
				t.Fatalf("the same report again moved %s to %s", next.Status, twice.Status)
			}

			i = next
		}

		if firsts > 1 {
			t.Fatalf("the first success was announced %d times", firsts)
		}
	})
}

// With a provider that can be asked and that tells the truth, any order and
// repetition of its genuine notices ends in the same state.
func TestAnyOrderOfGenuineNoticesEndsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := rapid.SampledFrom([]payment.Status{payment.Succeeded, payment.Failed, payment.Canceled}).
			Draw(t, "truth")
		notices := []payment.Status{payment.RequiresAction, payment.Processing, truth}
		order := rapid.SliceOfN(rapid.SampledFrom(notices), 1, 10).Draw(t, "order")
		order = append(order, truth) // the end is told at least once
		order = rapid.Permutation(order).Draw(t, "shuffled")
		i := at(payment.Created)
		ask := StatusQuery{Possible: true, Amounts: true}

		for n, s := range order {
			next, v := Decide(
				i,
				Report{Proof: Signature, Status: s, At: time.Unix(int64(n+1), 0)},
				ask,
			)
			if v.Query {
				next, _ = Decide(
					i,
					Report{
						Proof:  Answer,
						Status: truth,
						Amount: usd("60"),
						At:     time.Unix(int64(n+1), 0),
					},
					ask,
				)
			}

			i = next
		}

		if i.Status != truth {
			t.Fatalf("ended as %s, the truth is %s", i.Status, truth)
		}
	})
}

func TestTheTableNamesEveryStatusOfItsKind(t *testing.T) {
	for kind, table := range moves {
		for from, list := range table {
			for _, to := range list {
				if _, ok := table[to]; !ok && to != payment.Unknown {
					t.Errorf(
						"%s: %s leads to %s, from which nothing is said",
						kind,
						from,
						to,
					)
				}

				if from.Final() && to != payment.UnderReview &&
					(from == payment.Succeeded || to != payment.Succeeded) {
					t.Errorf("%s: %s is an end, but may become %s", kind, from, to)
				}
			}
		}
	}
}

// The table of moves binds everyone but the operator who takes back what an
// operator had decided.
func TestOnlyAnOperatorCorrects(t *testing.T) {
	for proof, want := range map[Proof]payment.Status{
		Operator:  payment.Failed,
		Answer:    payment.UnderReview,
		Signature: payment.UnderReview,
	} {
		r := Report{Proof: proof, Status: payment.Failed, Corrects: true}
		next, _ := Decide(at(payment.Succeeded), r, StatusQuery{})
		if next.Status != want {
			t.Errorf("with proof %d it is %s, want %s", proof, next.Status, want)
		}
	}

	// A report that is no correction has the table, whoever makes it.
	for _, r := range []Report{
		{Proof: Operator, Status: payment.Canceled},
		{Proof: Signature, Status: payment.Canceled, Corrects: true},
	} {
		next, verdict := Decide(at(payment.Failed), r, StatusQuery{})
		if verdict.Moved || next.Status != payment.Failed {
			t.Errorf("%+v moves it to %s", r, next.Status)
		}
	}
}
