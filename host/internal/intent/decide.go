package intent

import (
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Proof is how much a report can be believed.
type Proof int

// The degrees of proof, weakest first.
const (
	// Hint: anybody may have sent it. It is a reason to ask, never more.
	Hint Proof = iota
	// Origin: it came on a URL that only the provider can know, or from its address.
	Origin
	// Signature: signed by the provider.
	Signature
	// Answer: the provider's own answer to our call.
	Answer
	// Operator: a person decided, with a reason.
	Operator
)

// Report is what somebody says of an intent.
type Report struct {
	Actor string // who or what, for the history: call, poll, webhook, return, operator, host
	Proof Proof
	At    time.Time

	Status payment.Status
	// Reason is for a Status of under_review; empty is ReviewProvider.
	Reason            payment.ReviewReason
	ProviderReference string
	ProviderStatus    string
	Message           string
	NextAction        *payment.NextAction
	Amount            *sdk.Money // what it is for; nil when not said
	Paid              *sdk.Money // what was really paid; nil when not said
	// Receipts are transfers, when the payment can be paid in parts; Received is the sum of all distinct ones so far,
	// which whoever keeps them fills in before Decide.
	Receipts []Receipt
	Received *sdk.Money
	State    []byte
	Failure  *payment.Failure
}

// Asking says what can be found out from the provider.
type Asking struct {
	Possible bool // a status verb exists, and we have the reference it needs
	Amounts  bool // its answers carry amounts
}

// Verdict is what a report led to.
type Verdict struct {
	// Moved: the status or its reason changed. From is the status before.
	Moved bool
	From  payment.Status
	// Ask: the report needs confirmation by asking the provider; until then nothing changed.
	Ask bool
	// Late: a success after failed, canceled or expired.
	Late bool
	// First: the first success of this intent ever.
	First bool
	// Note is for the history: why it changed or did not.
	Note string
}

// Decide applies a report to an intent: it gives the intent as it then is, and what happened. The same report twice
// changes nothing the second time.
func Decide(i Intent, r Report, ask Asking) (Intent, Verdict) {
	v := Verdict{From: i.Status}
	if r.Proof == Hint {
		v.Ask, v.Note = ask.Possible, "unverified: only a reason to ask the provider"
		return i, v
	}
	target, reason, note := weigh(i, r, ask)
	v.Note = note
	if target == "" {
		v.Ask = true
		return i, v
	}
	if contradicts(i, target) && r.Proof != Operator {
		if r.Proof != Answer && ask.Possible {
			v.Ask, v.Note = true, fmt.Sprintf("%s contradicts a success: asking the provider", target)
			return i, v
		}
		note = join(fmt.Sprintf("the provider says %s after it had succeeded", target), note)
		target, reason = payment.UnderReview, payment.ReviewProvider
	}
	i = merge(i, r)
	v.Note = note
	if target == i.Status && (target != payment.UnderReview || reason == i.ReviewReason) {
		return i, v
	}
	if refusal := refuse(i, r, target, reason); refusal != "" {
		v.Note = join(refusal, note)
		return i, v
	}
	return move(i, r, target, reason, v)
}

// weigh turns what a report claims into the status that it proves. An empty target means that the provider must be
// asked first.
func weigh(i Intent, r Report, ask Asking) (target payment.Status, reason payment.ReviewReason, note string) {
	switch r.Status {
	case payment.UnderReview:
		if r.Reason == "" {
			r.Reason = reviewOf(i, r)
		}
		return r.Status, r.Reason, r.Message
	case payment.Failed, payment.Canceled, payment.Expired, payment.Unknown:
		return r.Status, "", r.Message
	}
	if r.Proof == Operator {
		return r.Status, "", r.Message
	}
	actual := r.Amount
	if r.Received != nil {
		actual = r.Received
	}
	if actual != nil {
		if want := i.Money(); !actual.Equal(want) {
			return payment.UnderReview, payment.ReviewMismatch, fmt.Sprintf("asked for %s, the provider reports %s", want, actual)
		}
		return r.Status, "", r.Message
	}
	if r.Status != payment.Succeeded && r.Status != payment.Authorized || r.Proof == Answer {
		return r.Status, "", r.Message
	}
	switch {
	case ask.Possible && (ask.Amounts || r.Proof == Origin):
		return "", "", "the notice carries no amount: asking the provider"
	case r.Proof == Signature:
		return r.Status, "", r.Message
	}
	return payment.UnderReview, payment.ReviewUnproven, "an unsigned notice without an amount, and nothing can be asked"
}

// reviewOf tells why a provider's report puts an intent under review: for its amount, where the report has another one or
// says that less was paid; else for what the provider says.
func reviewOf(i Intent, r Report) payment.ReviewReason {
	want := i.Money()
	if r.Amount != nil && !r.Amount.Equal(want) {
		return payment.ReviewMismatch
	}
	if r.Paid != nil && r.Paid.Currency == want.Currency && r.Paid.Amount.LessThan(want.Amount) {
		return payment.ReviewMismatch
	}
	return payment.ReviewProvider
}

// contradicts reports whether target takes back a success.
func contradicts(i Intent, target payment.Status) bool {
	if i.Status != payment.Succeeded {
		return false
	}
	return target == payment.Failed || target == payment.Canceled || target == payment.Expired
}

// refuse gives the reason for which a move must not happen, "" when it may.
func refuse(i Intent, r Report, target payment.Status, reason payment.ReviewReason) string {
	if i.Status == payment.UnderReview && target == payment.UnderReview {
		// The host's own reasons are the stronger ones: a provider's review does not replace them. Nor does an unproven claim
		// replace a wrong amount, which needs more to be lifted.
		if reason == payment.ReviewMismatch || i.ReviewReason == payment.ReviewProvider {
			return ""
		}
		return "already under review"
	}
	if !Allowed(i.Kind, i.Status, target) {
		return fmt.Sprintf("%s after %s changes nothing", target, i.Status)
	}
	if i.Status != payment.UnderReview || r.Proof == Operator {
		return ""
	}
	switch {
	case !i.SucceededAt.IsZero() && target != payment.Succeeded:
		return "it had succeeded: only an operator can take that back"
	case i.ReviewReason == payment.ReviewMismatch && r.Amount == nil && r.Received == nil:
		return "under review for its amount: needs a report with the right amount, or an operator"
	case i.ReviewReason == payment.ReviewUnproven && r.Proof < Signature:
		return "under review as unproven: needs a signed notice, the provider's answer, or an operator"
	}
	return ""
}

// merge takes over the facts of a believed report that hold whatever its status.
func merge(i Intent, r Report) Intent {
	if r.ProviderReference != "" {
		if !slices.Contains(i.References, r.ProviderReference) {
			i.References = append(slices.Clone(i.References), r.ProviderReference)
		}
		i.ProviderReference = r.ProviderReference
	}
	if r.ProviderStatus != "" {
		i.ProviderStatus = r.ProviderStatus
	}
	if len(r.State) > 0 {
		i.State = r.State
	}
	paid := r.Paid
	if paid == nil {
		paid = r.Received
	}
	if paid != nil {
		i.PaidAmount, i.PaidCurrency = &payment.Amount{Decimal: paid.Amount}, paid.Currency
	}
	if r.NextAction != nil && !i.Status.Final() {
		i.NextAction = r.NextAction
	}
	return i
}

// move makes the change that has been decided.
func move(i Intent, r Report, target payment.Status, reason payment.ReviewReason, v Verdict) (Intent, Verdict) {
	v.Moved = true
	v.Late = target == payment.Succeeded && (i.Status == payment.Failed || i.Status == payment.Canceled || i.Status == payment.Expired)
	if v.Late {
		v.Note = join("late success after "+string(i.Status), v.Note)
	}
	if target == payment.Succeeded && i.SucceededAt.IsZero() {
		v.First, i.SucceededAt = true, r.At
	}
	i.Status, i.ReviewReason, i.Failure = target, reason, r.Failure
	if target == payment.Failed && i.Failure == nil {
		i.Failure = &payment.Failure{Code: string(sdk.CodeDeclined), Outcome: string(sdk.OutcomeRefused),
			Message: "the provider reports that it failed", ProviderCode: r.ProviderStatus, ProviderMessage: r.Message}
	}
	if target.Final() {
		i.NextAction = nil
	}
	return i, v
}

// Money is the intent's amount.
func (i Intent) Money() sdk.Money {
	return sdk.Money{Amount: i.Amount.Decimal, Currency: i.Currency}
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}
