package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// record prints what payments, payouts and refunds have in common, always in
// the same order: the fields, the next step, the failure, the attempts, the
// history.
type record struct {
	id, provider string // the id's prefix tells the three apart
	status       payment.Status
	failure      *payment.Failure
	created      time.Time
	fields       block
	out          *app
}

// record begins the fields of one record.
func (a *app) record(
	id, provider string,
	s payment.Status,
	why payment.ReviewReason,
	f *payment.Failure,
	created time.Time,
) *record {
	r := &record{
		id:       id,
		provider: provider,
		status:   s,
		failure:  f,
		created:  created,
		fields:   a.block(),
		out:      a,
	}

	// The first line says which of the three it is.
	kind, _, _ := strings.Cut(id, "_")
	name := cmp.Or(
		map[string]string{"pay": "payment", "po": "payout", "re": "refund"}[kind],
		"id",
	)
	r.field(name, id)
	r.field("status", string(s))

	r.field("", reviewText(why))

	return r
}

func (r *record) field(name, text string) { r.fields.field(name, text) }

// reviewText says why an operator must look at a record.
func reviewText(why payment.ReviewReason) string {
	switch why {
	case payment.ReviewProvider:
		return "the provider is looking into it"
	case payment.ReviewMismatch:
		return "the reported amount or currency is not the requested one"
	case payment.ReviewUnproven:
		return "a result was reported without proof"
	case payment.ReviewApproval:
		return "it waits for a second name, and was not sent"
	}
	return string(why)
}

// view selects what is shown of a record.
type view struct {
	wire   bool // also the requests to the provider and its answers
	failed bool // the failure is told on the error output instead
}

// showPayment prints the whole payment.
func (a *app) showPayment(item *payment.Payment, shown view) {
	rows := a.record(
		item.ID,
		item.Provider,
		item.Status,
		item.ReviewReason,
		item.Failure,
		item.CreatedAt,
	)

	rows.field("amount", item.Amount.String()+" "+item.Currency)

	// The paid amount may differ from the requested one.
	if item.PaidAmount != nil {
		paid := item.PaidAmount.String()
		if item.PaidCurrency != nil {
			paid += " " + *item.PaidCurrency
		}
		rows.field("paid", paid)
	}

	rows.references(
		item.MerchantReference,
		item.ProviderReference,
		item.ProviderReferences,
		item.ProviderStatus,
	)
	rows.field("description", item.Description)
	rows.field("method", item.Method)

	rows.times(item.UpdatedAt, item.ExpiresAt)
	rows.metadata(item.Metadata)
	rows.fields.print()
	if item.NextAction != nil {
		a.showAction(item.ID, item.NextAction)
	}

	rows.end(item.Attempts, item.History, shown)
}

// showPayout prints the whole payout.
func (a *app) showPayout(item *payment.Payout, shown view) {
	rows := a.record(
		item.ID,
		item.Provider,
		item.Status,
		item.ReviewReason,
		item.Failure,
		item.CreatedAt,
	)

	rows.field("amount", item.Amount.String()+" "+item.Currency)

	// A recipient is described by whatever the provider needs.
	to := item.Recipient
	known := slices.DeleteFunc(
		[]string{to.Name, to.ID, to.Email, to.AccountNumber, to.IBAN, to.Phone},
		func(s string) bool { return s == "" },
	)

	rows.field("recipient", strings.Join(known, ", "))

	rows.references(
		item.MerchantReference,
		item.ProviderReference,
		item.ProviderReferences,
		item.ProviderStatus,
	)
	rows.field("description", item.Description)
	rows.field("method", item.Method)

	rows.times(item.UpdatedAt, nil)
	rows.metadata(item.Metadata)
	rows.fields.print()
	rows.end(item.Attempts, item.History, shown)
}

// showRefund prints the whole refund.
func (a *app) showRefund(item *payment.Refund, shown view) {
	rows := a.record(
		item.ID,
		item.Provider,
		item.Status,
		item.ReviewReason,
		item.Failure,
		item.CreatedAt,
	)

	rows.field("of payment", item.PaymentID)
	rows.field("amount", item.Amount.String()+" "+item.Currency)
	rows.field("reason", item.Reason)
	rows.references("", item.ProviderReference, nil, item.ProviderStatus)
	rows.times(item.UpdatedAt, nil)
	rows.fields.print()
	rows.end(item.Attempts, nil, shown)
}

// references prints the provider's newest reference first: it is the one to
// look for in the back office.
func (r *record) references(ours, theirs string, all []string, status string) {
	r.field("provider", r.provider)
	r.field("merchant reference", ours)

	others := slices.DeleteFunc(
		slices.Clone(all),
		func(s string) bool { return s == theirs },
	)
	if len(others) > 0 {
		theirs += " (earlier: " + strings.Join(others, ", ") + ")"
	}

	r.field("provider reference", theirs)
	r.field("provider status", status)
}

// times leaves out an update that is the creation, and an expiry that can no
// longer happen.
func (r *record) times(updated time.Time, expires *time.Time) {
	r.field("created", r.out.at(r.created))
	if !updated.Equal(r.created) {
		r.field("updated", r.out.at(updated))
	}
	if expires != nil && !r.status.Final() {
		r.field("expires", r.out.at(*expires))
	}
}

func (r *record) metadata(m map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		r.field("metadata", key+" = "+m[key])
	}
}

// end prints what follows the fields: the failure or the next step, the
// attempts, and the history.
func (r *record) end(attempts []payment.Attempt, history []payment.Change, shown view) {
	a := r.out

	// Either the failure with its advice, or the next step.
	if shown.failed {
		// the caller tells it
	} else if r.failure != nil {
		name := "failure"
		if !r.failed() {
			name = "an earlier failure"
		}
		a.heading(name)
		fmt.Fprint(a.out, facts(r.failureFacts()))
	} else if steps := r.open(); len(steps) > 0 {
		a.heading("next")
		for _, step := range steps {
			a.indented(step)
		}
	}

	if len(attempts) > 0 {
		a.heading("attempts")
		a.attempts(attempts)
	}

	if shown.wire {
		a.exchanges(attempts)
	}
	if len(history) > 0 {
		a.heading("history")
		rows := a.table(a.zone(), "AFTER", "BY", "ACTION", "STATUS", "NOTE")
		rows.indent = "  "

		for _, h := range history {
			rows.row(
				clock(h.At),
				after(h.At, r.created),
				h.Actor,
				h.Action,
				string(h.To),
				h.Note,
			)
		}

		rows.print()
	}
}

// failed reports whether the failure is the result: a record can still succeed
// after a failure.
func (r *record) failed() bool { return r.status == payment.Failed || r.status == payment.Unknown }

// failureFacts says what failed, whether money may have moved, and what to do.
func (r *record) failureFacts() []fact {
	t := &trouble{}
	t.fact("what", "%s", r.failure.Message)
	t.failure(r.id, r.provider, r.status, r.failure)
	return t.facts
}

// open returns the steps for a record that needs an operator although nothing
// failed.
func (r *record) open() []string {
	switch r.status {
	case payment.Unknown:
		return circumstance{id: r.id, recorded: true}.inDoubt()
	case payment.UnderReview:
		if kind := commandOf(r.id); kind == "payments" || kind == "payouts" {
			return []string{
				fmt.Sprintf("payhost %s refresh %s  (asks the provider now)", kind, r.id),
				fmt.Sprintf(
					"or decide: payhost %s resolve %s --status … --reason …",
					kind,
					r.id,
				),
			}
		}
	}

	return nil
}

// attempts prints the calls to the provider that could change something, one
// line for each.
func (a *app) attempts(list []payment.Attempt) {
	rows := a.table(
		"#",
		"CALL",
		a.zone(),
		"TOOK",
		"OUTCOME",
		"CODE",
		"PROVIDER CODE",
		"PLUGIN",
		"MESSAGE",
	)

	rows.indent = "  "
	for _, x := range list {
		// An attempt without an outcome has not ended.
		took := span(time.Duration(x.DurationMS) * time.Millisecond)
		if x.Outcome == "" {
			took = "running"
		}

		rows.row(
			strconv.Itoa(x.Number),
			x.Verb,
			clock(x.StartedAt),
			took,
			x.Outcome,
			x.Code,
			x.ProviderCode,
			x.PluginVersion,
			x.Message,
		)
	}

	rows.print()
}

// exchanges prints the requests to the provider and its answers. The host has
// masked the secrets.
func (a *app) exchanges(list []payment.Attempt) {
	for _, x := range list {
		for _, e := range x.Exchanges {
			a.heading(
				fmt.Sprintf(
					"attempt %d: %s %s",
					x.Number,
					printable(e.Method),
					printable(e.URL),
				),
			)

			// The provider has not seen a request that was not sent.
			if !e.Sent {
				a.indented("was not sent")
			}

			a.indented(e.RequestBody)
			if e.Status > 0 {
				a.indented(
					fmt.Sprintf(
						"answer %d after %s:",
						e.Status,
						span(time.Duration(e.DurationMS)*time.Millisecond),
					),
				)
				a.indented(e.ResponseBody)
			}

			if e.Error != "" {
				a.indented("error: " + e.Error)
			}
		}
	}
}
