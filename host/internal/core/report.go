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

// paymentReport turns a plugin's payment into a report.
func paymentReport(actor string, proof intent.Proof, p *sdk.Payment) intent.Report {
	return intent.Report{
		Actor: actor, Proof: proof, Status: statusOf(payment.KindPayment, p.Status), ProviderReference: p.ProviderReference,
		ProviderStatus: p.ProviderStatus, Message: p.Message, NextAction: nextAction(p.NextAction), Amount: p.Amount,
		Paid: p.Paid, State: p.State, Transaction: p.TransactionID, Receipts: receiptsOf(p.Receipts),
	}
}

func receiptsOf(list []sdk.Receipt) []intent.Receipt {
	var out []intent.Receipt
	for _, r := range list {
		out = append(out, intent.Receipt{ID: r.ID, Amount: &payment.Amount{Decimal: r.Amount.Amount}, Currency: r.Amount.Currency})
	}
	return out
}

func payoutReport(actor string, proof intent.Proof, p *sdk.Payout) intent.Report {
	return intent.Report{
		Actor: actor, Proof: proof, Status: statusOf(payment.KindPayout, p.Status), ProviderReference: p.ProviderReference,
		ProviderStatus: p.ProviderStatus, Message: p.Message, Amount: p.Amount, State: p.State,
	}
}

func refundReport(actor string, proof intent.Proof, p *sdk.Refund) intent.Report {
	return intent.Report{
		Actor: actor, Proof: proof, Status: statusOf(payment.KindRefund, p.Status), ProviderReference: p.ProviderReference,
		ProviderStatus: p.ProviderStatus, Message: p.Message, Amount: p.Amount, State: p.State,
	}
}

// statusOf takes a plugin's word for a status. A word that a kind does not have, such as one from a newer plugin, means
// that somebody must look.
func statusOf[S ~string](kind payment.Kind, s S) payment.Status {
	if st := payment.Status(s); intent.Known(kind, st) {
		return st
	}
	return payment.UnderReview
}

func nextAction(n *sdk.NextAction) *payment.NextAction {
	switch {
	case n == nil:
		return nil
	case n.Redirect != nil:
		a := &payment.NextAction{Type: "redirect", URL: n.Redirect.URL}
		if n.Redirect.Method == "POST" {
			a.Method = "POST"
		}
		for _, name := range slices.Sorted(maps.Keys(n.Redirect.Fields)) {
			a.Fields = append(a.Fields, payment.ActionField{Name: name, Value: n.Redirect.Fields[name]})
		}
		return a
	case n.Display != nil:
		a := &payment.NextAction{Type: "display", Instructions: n.Display.Instructions}
		for _, f := range n.Display.Fields {
			a.Fields = append(a.Fields, payment.ActionField{Name: f.Name, Label: f.Label, Value: f.Value})
		}
		if n.Confirm != nil {
			a.Confirm = &payment.ConfirmAction{Fields: askedFields(n.Confirm.Fields)}
		}
		return a
	case n.Confirm != nil:
		return &payment.NextAction{Type: "confirm", Fields: askedFields(n.Confirm.Fields)}
	}
	return nil
}

func askedFields(fields []sdk.Field) []payment.ActionField {
	out := []payment.ActionField{}
	for _, f := range fields {
		out = append(out, payment.ActionField{Name: f.Name, Label: f.Label, Required: f.Required, Kind: string(f.Kind)})
	}
	return out
}

// failureOf turns a failed call into what the API shows.
func failureOf(e *sdk.Error) *payment.Failure {
	f := &payment.Failure{Code: string(e.Code), Outcome: string(e.Outcome), Message: token.Mask(e.Message),
		ProviderCode: e.ProviderCode, ProviderMessage: token.Mask(e.ProviderMessage), NewAttemptSafe: e.NewAttemptSafe}
	for _, v := range e.Violations {
		f.Message += fmt.Sprintf("; %s: %s", v.Field, v.Message)
		f.Violations = append(f.Violations, payment.Violation{Field: v.Field, Message: token.Mask(v.Message)})
	}
	return f
}
