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
	// Hint: anybody may have sent it. It is a reason to query the provider's
	// status, never more.
	Hint Proof = iota
	// Origin: it came on a URL that only the provider can know, or from its
	// address.
	Origin
	// Signature: signed by the provider.
	Signature
	// Answer: the provider's own answer to a call of the host.
	Answer
	// Operator: a person decided, with a reason.
	Operator
)

// Report is what a provider, an operator or the host says of an intent.
type Report struct {
	// Actor is the report's origin, for the history: call, poll, webhook,
	// return, operator or host.
	Actor string
	Proof Proof
	At    time.Time
	// Named says that it names the intent by the host's reference, or came on
	// the intent's own URL. A report that names it by the provider's reference
	// alone proves less.
	Named bool

	Status payment.Status
	// Reason is for a Status of under_review; empty is ReviewProvider.
	Reason            payment.ReviewReason
	ProviderReference string
	ProviderStatus    string
	Message           string
	NextAction        *payment.NextAction
	Amount            *sdk.Money // what it is for; nil when not said
	Paid              *sdk.Money // what was really paid; nil when not said
	// Transaction is the provider's id of the transaction, or of the customer's
	// try, that this is about; "" when the provider has none.
	Transaction string
	// Receipts are transfers, when the payment can be paid in parts.
	Receipts []Receipt
	State    []byte
	Failure  *payment.Failure
	// Corrects says that an operator takes back what an operator had decided: the
	// table of moves is for what providers say, and does not bind that.
	Corrects bool

	// The rest is filled in before Decide by the caller, who keeps the receipts
	// and references.

	// Received is the sum of all distinct transfers so far, where there are
	// several or the report has some.
	Received *sdk.Money
	// SucceededBy are the transactions that have succeeded before.
	SucceededBy []string
	// Contested says why the money that the report is about counts for another
	// intent already; "" when it does not.
	Contested string
}

// StatusQuery says what a query of the provider's status can find out.
type StatusQuery struct {
	Possible bool // a status verb exists, and the host has the reference it needs
	Amounts  bool // its answers carry amounts
}

// Verdict is what a report led to.
type Verdict struct {
	// Moved: the status or its reason changed. From is the status before.
	Moved bool
	From  payment.Status
	// Query: the report needs confirmation by a query of the provider's status;
	// until then nothing changed.
	Query bool
	// Late: a success after failed, canceled or expired.
	Late bool
	// First: the first success of this intent ever.
	First bool
	// Note is for the history: why it changed or did not.
	Note string
}

// claim is the status that a report proves.
type claim struct {
	status payment.Status
	reason payment.ReviewReason
	note   string
	// query: nothing is proven before the provider's status has been queried.
	query bool
	// second: the report is of money that came besides the money that was asked
	// for. No query answers that.
	second bool
	// afterEnd: money moves although the intent had ended without any.
	afterEnd bool
}

// Decide applies a report to an intent: it returns the intent as it then is,
// and what happened. The same report twice changes nothing the second time.
func Decide(i Intent, r Report, query StatusQuery) (Intent, Verdict) {
	verdict := Verdict{From: i.Status}
	if r.Proof == Hint {
		verdict.Query = query.Possible
		verdict.Note = "unverified: only a reason to ask the provider"
		return i, verdict
	}

	if note := ofAnotherTry(i, r); note != "" {
		verdict.Note = note
		return i, verdict
	}

	// The report is weighed by itself, then in view of what the intent is
	// already.
	claimed := weigh(i, r, query)
	if r.Proof != Operator {
		claimed = confront(i, r, query, claimed)
	}

	verdict.Note = claimed.note
	if claimed.query {
		verdict.Query = true
		return i, verdict
	}

	i = merge(i, r)
	sameReason := claimed.status != payment.UnderReview || claimed.reason == i.ReviewReason
	if claimed.status == i.Status && sameReason {
		return i, verdict
	}

	if refusal := refuse(i, r, claimed); refusal != "" {
		verdict.Note = join(refusal, claimed.note)
		return i, verdict
	}

	return move(i, r, claimed, verdict)
}

// ofAnotherTry says so when a report is of the end of a transaction that is not
// the one that succeeded: customers try more than once, and what became of the
// other tries changes nothing.
func ofAnotherTry(i Intent, r Report) string {
	if r.Transaction == "" || !dead(r.Status) || i.SucceededAt.IsZero() ||
		r.Proof == Operator {
		return ""
	}
	if len(r.SucceededBy) == 0 || slices.Contains(r.SucceededBy, r.Transaction) {
		return ""
	}
	return fmt.Sprintf("transaction %s is %s, which is not the one that succeeded",
		r.Transaction, r.Status)
}

// dead reports whether a status is an end without money.
func dead(s payment.Status) bool {
	return s == payment.Failed || s == payment.Canceled || s == payment.Expired
}

// moving reports whether a status says that money is on its way.
func moving(s payment.Status) bool {
	return s == payment.Processing || s == payment.Authorized || s == payment.Pending
}

// weigh turns what a report claims into the status that it proves by itself.
func weigh(i Intent, r Report, query StatusQuery) claim {
	as := claim{status: r.Status, note: r.Message}
	switch {
	case r.Status == payment.UnderReview:
		as.reason = r.Reason
		if as.reason == "" {
			as.reason = reviewOf(i, r)
		}
		return as
	case dead(r.Status), r.Status == payment.Unknown, r.Proof == Operator:
		return as
	}

	// Money that counts twice, or is not what was asked for, goes under review.
	success := r.Status == payment.Succeeded || r.Status == payment.Authorized
	if success && r.Contested != "" {
		return claim{
			status: payment.UnderReview,
			reason: payment.ReviewMismatch,
			note:   r.Contested,
			second: true,
		}
	}

	if other := otherSuccess(r); other != "" {
		return claim{
			status: payment.UnderReview,
			reason: payment.ReviewMismatch,
			second: true,
			note: fmt.Sprintf(
				"transaction %s succeeded besides %s: the money may have come twice",
				r.Transaction,
				other,
			),
		}
	}

	if wrong := wrongAmount(i, r); wrong != "" {
		return claim{
			status: payment.UnderReview,
			reason: payment.ReviewMismatch,
			note:   wrong,
		}
	}

	if !success || r.Amount != nil || r.Received != nil || r.Proof == Answer {
		return as
	}
	if i.Status == r.Status || i.Status == payment.Succeeded {
		return as // what is known already needs no proof
	}

	// A success without an amount: how it came must make up for that.
	switch {
	case query.Possible && (query.Amounts || r.Proof == Origin || !r.Named):
		return claim{
			query: true,
			note:  "the webhook carries no amount: asking the provider",
		}
	case r.Proof == Signature && r.Named:
		return as
	}

	return claim{
		status: payment.UnderReview,
		reason: payment.ReviewUnproven,
		note:   unprovenNote(r),
	}
}

// unprovenNote says why a success is not believed.
func unprovenNote(r Report) string {
	if r.Proof == Signature {
		return "a signed webhook with neither an amount nor our reference, and nothing can be asked"
	}
	return "an unsigned webhook without an amount, and nothing can be asked"
}

// otherSuccess returns a transaction that has succeeded before, when a report
// says that another one did now. Transfers of a payment that can be paid in
// parts are added up instead.
func otherSuccess(r Report) string {
	if r.Status != payment.Succeeded || r.Transaction == "" || len(r.Receipts) > 0 {
		return ""
	}
	for _, id := range r.SucceededBy {
		if id != r.Transaction {
			return id
		}
	}
	return ""
}

// wrongAmount says what is wrong with the amounts of a report, "" when none
// contradicts the intent. Every one that is said counts: what it is for, what
// has come in, and what was paid.
func wrongAmount(i Intent, r Report) string {
	want := i.Money()
	if r.Amount != nil && !r.Amount.Equal(want) {
		return fmt.Sprintf("asked for %s, the provider reports %s", want, r.Amount)
	}

	// After a capture, only the captured amount is due.
	due := want
	if i.Captured != nil {
		due.Amount = i.Captured.Decimal
	}
	if r.Received != nil && !r.Received.Equal(due) {
		return fmt.Sprintf("asked for %s, the provider reports %s", due, r.Received)
	}

	if r.Paid == nil || r.Status != payment.Succeeded {
		return ""
	}

	// A payment in another currency is judged by the amount that was asked for
	// or received, where the provider reports one.
	sameCurrency := r.Paid.Currency == due.Currency
	switch {
	case sameCurrency && r.Paid.Amount.LessThan(due.Amount):
		return fmt.Sprintf(
			"asked for %s, the provider reports that %s was paid",
			due,
			r.Paid,
		)
	case !sameCurrency && r.Amount == nil && r.Received == nil:
		return fmt.Sprintf(
			"asked for %s, the provider reports only that %s was paid",
			due,
			r.Paid,
		)
	}

	return ""
}

// reviewOf returns why a provider's report puts an intent under review: for its
// amount, where the report has another one or says that less was paid; else for
// what the provider says.
func reviewOf(i Intent, r Report) payment.ReviewReason {
	want := i.Money()
	if r.Amount != nil && !r.Amount.Equal(want) {
		return payment.ReviewMismatch
	}
	if r.Paid != nil && r.Paid.Currency == want.Currency &&
		r.Paid.Amount.LessThan(want.Amount) {
		return payment.ReviewMismatch
	}
	return payment.ReviewProvider
}

// confront holds a claim against what the intent is already: a success that is
// taken back, and money that moves after the end, are not simply believed.
func confront(i Intent, r Report, query StatusQuery, c claim) claim {
	doubtful := r.Proof != Answer && query.Possible
	switch {
	case c.query, c.second:
		return c

	case i.Status == payment.Succeeded && dead(c.status):
		if doubtful {
			note := fmt.Sprintf("%s contradicts a success: asking the provider", c.status)
			return claim{query: true, note: note}
		}

		return claim{
			status: payment.UnderReview,
			reason: payment.ReviewProvider,
			note: join(fmt.Sprintf("the provider says %s after it had succeeded", c.status),
				c.note),
		}

	case i.Status == payment.Succeeded && c.status == payment.UnderReview && r.Proof < Answer:
		if doubtful {
			note := join("a review after a success: asking the provider", c.note)
			return claim{query: true, note: note}
		}

		// A lesser status changes nothing.
		if r.Proof == Origin && (moving(r.Status) || r.Status == payment.RequiresAction) {
			return claim{status: r.Status, note: c.note}
		}

	case dead(i.Status) && moving(c.status):
		return afterEnd(i, r, query, c)
	}

	return c
}

// afterEnd is for money that moves although the intent has ended without any. A
// webhook may only be late, and an answer to a call that was made before may be
// older than what is known; a query that was just made tells what is so.
func afterEnd(i Intent, r Report, query StatusQuery, c claim) claim {
	note := join(
		fmt.Sprintf("the provider says %s after it was %s", c.status, i.Status),
		c.note,
	)

	switch {
	case query.Possible && r.Actor != actorPoll:
		return claim{query: true, note: note + ": asking the provider"}
	case r.Proof == Answer:
		return claim{
			status:   payment.UnderReview,
			reason:   payment.ReviewProvider,
			note:     note,
			afterEnd: true,
		}
	}

	return c
}

// DoubtEnded is the Doubt of an intent that had ended without money when money
// moved all the same.
const DoubtEnded = "ended"

// actorPoll is the actor of an answer to a query of the status.
const actorPoll = "poll"

// refuse returns the reason for which a move must not happen, "" when it may.
func refuse(i Intent, r Report, c claim) string {
	if i.Status == payment.UnderReview && c.status == payment.UnderReview {
		// The host's own reasons are the stronger ones: a provider's review
		// does not replace them. Nor does an unproven claim replace a wrong
		// amount, which needs more to be lifted.
		if c.reason == payment.ReviewMismatch || i.ReviewReason == payment.ReviewProvider {
			return ""
		}

		return "already under review"
	}

	if r.Corrects && r.Proof == Operator {
		return ""
	}
	if !Allowed(i.Kind, i.Status, c.status) {
		return fmt.Sprintf("%s after %s changes nothing", c.status, i.Status)
	}
	if i.Status != payment.UnderReview || r.Proof == Operator {
		return ""
	}

	// A review is lifted by evidence that resolves its reason.
	switch {
	case i.Doubt == DoubtEnded && !c.status.Final():
		return "it had ended: only what becomes of the money lifts the review"
	case !i.SucceededAt.IsZero() && c.status != payment.Succeeded:
		return "it had succeeded: only an operator can take that back"
	case i.ReviewReason == payment.ReviewMismatch && r.Amount == nil && r.Received == nil:
		return "under review for its amount: needs a report with the right amount, or an operator"
	case i.ReviewReason == payment.ReviewUnproven && r.Proof < Signature:
		return "under review as unproven: needs a signed webhook, the provider's answer, " +
			"or an operator"
	}

	return ""
}

// merge takes over the facts of a believed report that hold whatever its
// status. The reference under which a payment has succeeded stays the one that
// is shown; others are kept beside it.
func merge(i Intent, r Report) Intent {
	for _, reference := range []string{r.ProviderReference, r.Transaction} {
		if reference != "" && !slices.Contains(i.References, reference) {
			i.References = append(slices.Clone(i.References), reference)
		}
	}

	if r.ProviderReference != "" && (i.SucceededAt.IsZero() || i.ProviderReference == "") {
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
		i.PaidAmount = &payment.Amount{Decimal: paid.Amount}
		i.PaidCurrency = paid.Currency
	}

	// Without an amount, a success after a partial capture paid that part.
	partly := i.Captured != nil && !i.Captured.Equal(i.Amount.Decimal)
	if paid == nil && r.Status == payment.Succeeded && partly {
		i.PaidAmount, i.PaidCurrency = i.Captured, i.Currency
	}

	if r.NextAction != nil && !i.Status.Final() {
		i.NextAction = r.NextAction
	}

	return i
}

// move makes the change that has been decided.
func move(i Intent, r Report, c claim, verdict Verdict) (Intent, Verdict) {
	verdict.Moved = true
	verdict.Late = c.status == payment.Succeeded && dead(i.Status)
	if verdict.Late {
		verdict.Note = join("late success after "+string(i.Status), verdict.Note)
	}

	if c.status == payment.Succeeded && i.SucceededAt.IsZero() {
		verdict.First = true
		i.SucceededAt = r.At
	}

	// A success that was an operator's mistake has never been one.
	if r.Corrects && c.status != payment.Succeeded {
		i.SucceededAt = time.Time{}
	}

	i.Status = c.status
	i.ReviewReason = c.reason
	i.Failure = r.Failure

	switch {
	case c.afterEnd:
		i.Doubt = DoubtEnded
	case c.status.Final():
		i.Doubt = ""
	}

	if c.status == payment.Failed && i.Failure == nil {
		i.Failure = &payment.Failure{
			Code:            string(sdk.CodeDeclined),
			Outcome:         string(sdk.OutcomeRefused),
			Message:         "the provider reports that it failed",
			ProviderCode:    r.ProviderStatus,
			ProviderMessage: r.Message,
		}
	}

	// There may be nothing left for the customer to do.
	if c.status.Final() || (moving(c.status) && r.NextAction == nil) {
		i.NextAction = nil
	}

	return i, verdict
}

// Money returns the intent's amount.
func (i Intent) Money() sdk.Money {
	return sdk.Money{Amount: i.Amount.Decimal, Currency: i.Currency}
}

// join puts two notes together; either may be empty.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}
