package core

import (
	"fmt"
	"maps"
	"slices"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file turns what plugins say into reports.

// EventReport turns one event of a webhook into a report.
func EventReport(actor string, proof intent.Proof, e *sdk.Event) intent.Report {
	switch {
	case e.Payout != nil:
		return payoutReport(actor, proof, e.Payout)
	case e.Refund != nil:
		return refundReport(actor, proof, e.Refund)
	default:
		return paymentReport(actor, proof, e.Payment)
	}
}

// paymentReport turns what a plugin says of a payment into a report.
func paymentReport(actor string, proof intent.Proof, p *sdk.Payment) intent.Report {
	return intent.Report{
		Actor:             actor,
		Proof:             proof,
		Status:            statusOf(payment.KindPayment, p.Status),
		ProviderReference: p.ProviderReference,
		ProviderStatus:    p.ProviderStatus,
		Message:           p.Message,
		NextAction:        nextAction(p.NextAction),
		Amount:            p.Amount,
		Paid:              p.Paid,
		State:             p.State,
		Transaction:       p.TransactionID,
		Receipts:          receiptsOf(p.Receipts),
	}
}

// receiptsOf returns the transfers that a plugin tells of.
func receiptsOf(list []sdk.Receipt) []intent.Receipt {
	var receipts []intent.Receipt
	for _, r := range list {
		receipts = append(receipts, intent.Receipt{
			ID:       r.ID,
			Amount:   &payment.Amount{Decimal: r.Amount.Amount},
			Currency: r.Amount.Currency,
		})
	}
	return receipts
}

// payoutReport turns what a plugin says of a payout into a report.
func payoutReport(actor string, proof intent.Proof, p *sdk.Payout) intent.Report {
	return intent.Report{
		Actor:             actor,
		Proof:             proof,
		Status:            statusOf(payment.KindPayout, p.Status),
		ProviderReference: p.ProviderReference,
		ProviderStatus:    p.ProviderStatus,
		Message:           p.Message,
		Amount:            p.Amount,
		State:             p.State,
	}
}

// refundReport turns what a plugin says of a refund into a report.
func refundReport(actor string, proof intent.Proof, p *sdk.Refund) intent.Report {
	return intent.Report{
		Actor:             actor,
		Proof:             proof,
		Status:            statusOf(payment.KindRefund, p.Status),
		ProviderReference: p.ProviderReference,
		ProviderStatus:    p.ProviderStatus,
		Message:           p.Message,
		Amount:            p.Amount,
		State:             p.State,
	}
}

// statusOf takes a plugin's word for a status. A word that a kind does not
// have, such as one from a newer plugin, means that an operator must look.
func statusOf[S ~string](kind payment.Kind, said S) payment.Status {
	status := payment.Status(said)
	if !intent.Known(kind, status) {
		return payment.UnderReview
	}
	return status
}

// nextAction turns a plugin's next action into the API's.
func nextAction(next *sdk.NextAction) *payment.NextAction {
	switch {
	case next == nil:
		return nil
	case next.Redirect != nil:
		return redirectAction(next.Redirect)
	case next.Display != nil:
		action := &payment.NextAction{
			Type:         "display",
			Instructions: next.Display.Instructions,
		}

		for _, f := range next.Display.Fields {
			action.Fields = append(action.Fields,
				payment.ActionField{Name: f.Name, Label: f.Label, Value: f.Value})
		}

		if next.Confirm != nil {
			action.Confirm = &payment.ConfirmAction{
				Fields: confirmFields(next.Confirm.Fields),
			}
		}

		return action

	case next.Confirm != nil:
		return &payment.NextAction{
			Type:   "confirm",
			Fields: confirmFields(next.Confirm.Fields),
		}
	}

	return nil
}

// redirectAction has the fields in the order of their names.
func redirectAction(redirect *sdk.Redirect) *payment.NextAction {
	action := &payment.NextAction{Type: "redirect", URL: redirect.URL}
	if redirect.Method == "POST" {
		action.Method = "POST"
	}
	for _, name := range slices.Sorted(maps.Keys(redirect.Fields)) {
		action.Fields = append(action.Fields,
			payment.ActionField{Name: name, Value: redirect.Fields[name]})
	}
	return action
}

// confirmFields returns what the customer is asked for.
func confirmFields(fields []sdk.Field) []payment.ActionField {
	asked := []payment.ActionField{}
	for _, f := range fields {
		asked = append(asked, payment.ActionField{
			Name:     f.Name,
			Label:    f.Label,
			Required: f.Required,
			Kind:     string(f.Kind),
		})
	}

	return asked
}

// failureOf turns a failed call into what the API shows.
func failureOf(e *sdk.Error) *payment.Failure {
	failure := &payment.Failure{
		Code:            string(e.Code),
		Outcome:         string(e.Outcome),
		Message:         token.Mask(e.Message),
		ProviderCode:    e.ProviderCode,
		ProviderMessage: token.Mask(e.ProviderMessage),
		NewAttemptSafe:  e.NewAttemptSafe,
	}

	for _, v := range e.Violations {
		failure.Message += fmt.Sprintf("; %s: %s", v.Field, v.Message)
		failure.Violations = append(failure.Violations,
			payment.Violation{Field: v.Field, Message: token.Mask(v.Message)})
	}

	return failure
}
