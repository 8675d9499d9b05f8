package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// listed is a row of the provider's list.
func listed(reference, theirs string, status sdk.PaymentStatus, amount string) sdk.ListedPayment {
	money, err := sdk.ParseMoney(amount, "USD")
	if err != nil {
		panic(err)
	}
	return sdk.ListedPayment{
		Reference: reference,
		Payment:   sdk.Payment{ProviderReference: theirs, Status: status, Amount: &money},
	}
}

// payable has the account take payments and payouts.
func payable(r *coretest.Rig) {
	r.Account.Create = func(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{
			ProviderReference: "at-" + req.Reference, Status: sdk.PaymentRequiresAction,
		}, nil
	}
	r.Account.Payout = func(_ context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{
			ProviderReference: "at-" + req.Reference, Status: sdk.PayoutSucceeded,
		}, nil
	}
}

// reconciled makes a reconciliation of the last hour and returns it with what it
// found, by kind.
func reconciled(
	t *testing.T, r *coretest.Rig,
) (payment.Reconciliation, map[payment.FindingKind][]payment.Finding) {
	t.Helper()
	ctx := t.Context()
	r.Clock.Add(time.Minute)
	now := r.Clock.Now()
	begun, err := r.BeginReconciliation(ctx, "acme",
		payment.ReconciliationRequest{From: now.Add(-time.Hour), To: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.RunReconciliation(ctx, begun.ID); err != nil {
		t.Fatal(err)
	}
	done, err := r.Reconciliation(ctx, begun.ID)
	if err != nil {
		t.Fatal(err)
	}

	found := map[payment.FindingKind][]payment.Finding{}
	list, _, err := r.ListFindings(ctx, payment.FindingFilter{Reconciliation: begun.ID, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		found[one.Kind] = append(found[one.Kind], one)
	}
	return done, found
}

// Each way in which two books can differ is found, with both sides, and a row that
// proves something is applied.
func TestAReconciliationFindsWhatDiffers(t *testing.T) {
	r := coretest.NewRig(t)
	payable(r)
	ctx := t.Context()
	var same, late, other, missing *payment.Payment
	r.Account.OnInfo.PaymentLookup = sdk.Lookup{ByReference: true, Amounts: true, ListByTime: true}
	r.Account.List = func(
		_ context.Context, req sdk.ListPaymentsRequest,
	) (*sdk.ListPaymentsResponse, error) {
		if len(req.Payments) > 0 || req.From.IsZero() || !req.From.Before(req.To) {
			t.Errorf("asked for %+v", req)
		}
		if req.PageToken == "" {
			return &sdk.ListPaymentsResponse{
				Payments: []sdk.ListedPayment{
					listed(same.ID, "T1", sdk.PaymentSucceeded, "60"),
					listed(late.ID, "T2", sdk.PaymentSucceeded, "60"),
				},
				NextPageToken: "2",
			}, nil
		}
		return &sdk.ListPaymentsResponse{Payments: []sdk.ListedPayment{
			listed(other.ID, "T3", sdk.PaymentSucceeded, "61"),
			listed("", "T9", sdk.PaymentSucceeded, "99"),
			listed("pay_of_nobody", "T10", sdk.PaymentFailed, "5"),
		}}, nil
	}
	same, late, other, missing = r.Pay(t, "a"), r.Pay(t, "b"), r.Pay(t, "c"), r.Pay(t, "d")
	for _, one := range []*payment.Payment{same, other, missing} {
		err := r.Resolve(ctx, payment.KindPayment, one.ID,
			payment.Resolution{Status: payment.Succeeded, Reason: "seen"})
		if err != nil {
			t.Fatal(err)
		}
	}

	done, found := reconciled(t, r)
	if done.State != payment.ReconciliationDone || done.Compared != 5 || !done.Orphans || done.EndedAt == nil {
		t.Errorf("the reconciliation is %+v", done)
	}
	if len(found[payment.FindingMissingHere]) != 2 ||
		!slices.ContainsFunc(found[payment.FindingMissingHere], func(f payment.Finding) bool {
			return f.ProviderReference == "T9" && f.Ours == nil && f.Theirs.Amount == "99" &&
				f.State == payment.FindingOpen
		}) {
		t.Errorf("orphans: %+v", found[payment.FindingMissingHere])
	}
	if gone := found[payment.FindingMissingThere]; len(gone) != 1 || gone[0].SubjectID != missing.ID ||
		gone[0].Theirs != nil || gone[0].Ours.Status != "succeeded" {
		t.Errorf("missing there: %+v", gone)
	}
	if amounts := found[payment.FindingAmount]; len(amounts) != 1 || amounts[0].SubjectID != other.ID ||
		amounts[0].Ours.Amount != "60.00" || amounts[0].Theirs.Amount != "61" {
		t.Errorf("amounts: %+v", amounts)
	}
	settled := found[payment.FindingStatus]
	if len(settled) != 1 || settled[0].SubjectID != late.ID || settled[0].State != payment.FindingSettled ||
		r.PaymentStatus(t, late.ID) != payment.Succeeded {
		t.Errorf("statuses: %+v, and it is %s", settled, r.PaymentStatus(t, late.ID))
	}

	// It may be made again, and finds the same that is open. What an operator has
	// ended stays ended.
	orphan := found[payment.FindingMissingHere][0]
	_, err := r.AttachFinding(ctx, orphan.ID, payment.Attachment{Reason: "of the old shop"})
	if err != nil {
		t.Fatal(err)
	}
	_, again := reconciled(t, r)
	for _, one := range again[payment.FindingMissingHere] {
		ended := one.ProviderReference == orphan.ProviderReference
		if ended != (one.State == payment.FindingSettled) ||
			(ended && !strings.Contains(one.Note, "of the old shop")) {
			t.Errorf("again: %+v", one)
		}
	}
	if len(again[payment.FindingMissingHere]) != 2 || len(again[payment.FindingStatus]) != 0 {
		t.Errorf("again: %+v", again)
	}
}

// An orphan is attached once, to what it can be of, with a reason.
func TestAnOrphanIsAttached(t *testing.T) {
	r := coretest.NewRig(t)
	payable(r)
	ctx := t.Context()
	r.Account.OnInfo.PaymentLookup = sdk.Lookup{ByReference: true, ListByTime: true}
	r.Account.List = func(
		context.Context, sdk.ListPaymentsRequest,
	) (*sdk.ListPaymentsResponse, error) {
		return &sdk.ListPaymentsResponse{Payments: []sdk.ListedPayment{
			listed("", "T9", sdk.PaymentSucceeded, "60"),
		}}, nil
	}
	paid, payout := r.Pay(t, "a"), r.PayOut(t, "p")
	_, found := reconciled(t, r)
	orphan := found[payment.FindingMissingHere][0]

	for name, wrong := range map[string]payment.Attachment{
		"no reason":   {SubjectID: paid.ID},
		"a payout":    {SubjectID: payout.ID, Reason: "x"},
		"nothing":     {SubjectID: "pay_none", Reason: "x"},
		"wrong thing": {SubjectID: orphan.ID, Reason: "x"},
	} {
		if _, err := r.AttachFinding(ctx, orphan.ID, wrong); err == nil {
			t.Errorf("%s: attached", name)
		}
	}
	ended, err := r.AttachFinding(ctx, orphan.ID,
		payment.Attachment{SubjectID: paid.ID, Reason: "the provider lost our reference"})
	if err != nil || ended.State != payment.FindingAttached || ended.SubjectID != paid.ID {
		t.Fatalf("attached: %+v, %v", ended, err)
	}
	if _, err := r.AttachFinding(ctx, orphan.ID, payment.Attachment{Reason: "again"}); err == nil {
		t.Error("ended twice")
	}
	whole, err := r.Payment(ctx, paid.ID)
	if err != nil || !strings.Contains(fmt.Sprint(whole.History), "the provider lost our reference") {
		t.Errorf("the history is %+v, %v", whole.History, err)
	}

	// From now on the reference is known: nothing is missing any more.
	_, again := reconciled(t, r)
	if len(again[payment.FindingMissingHere]) != 0 {
		t.Errorf("again: %+v", again)
	}
	if r.PaymentStatus(t, paid.ID) != payment.Succeeded {
		t.Errorf("the provider's word is not applied: %s", r.PaymentStatus(t, paid.ID))
	}
}

// A list that fails says so; one that was cut off by a dead host begins again; and
// what cannot be listed is refused.
func TestAReconciliationThatFailsOrIsCutOff(t *testing.T) {
	r := coretest.NewRig(t)
	ctx := t.Context()
	now := r.Clock.Now()
	hour := payment.ReconciliationRequest{From: now.Add(-time.Hour), To: now}
	var refused *payment.Error
	_, err := r.BeginReconciliation(ctx, "acme", hour)
	if !errors.As(err, &refused) || refused.Code != string(sdk.CodeNotSupported) {
		t.Errorf("what cannot be listed: %v", err)
	}

	r.Account.OnInfo.PaymentLookup = sdk.Lookup{ByReference: true, ListByTime: true}
	failing := true
	r.Account.List = func(
		context.Context, sdk.ListPaymentsRequest,
	) (*sdk.ListPaymentsResponse, error) {
		if failing {
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
		return &sdk.ListPaymentsResponse{Payments: []sdk.ListedPayment{
			listed("", "T9", sdk.PaymentSucceeded, "60"),
		}}, nil
	}
	for name, wrong := range map[string]payment.ReconciliationRequest{
		"backwards": {From: hour.To, To: hour.From},
		"no end":    {From: hour.From},
		"future":    {From: hour.From, To: now.Add(time.Hour)},
		"too long":  {From: now.Add(-100 * 24 * time.Hour), To: now},
	} {
		if _, err := r.BeginReconciliation(ctx, "acme", wrong); err == nil {
			t.Errorf("%s: begun", name)
		}
	}

	done, _ := reconciled(t, r)
	if done.State != payment.ReconciliationFailed || done.Error == "" {
		t.Errorf("it is %+v", done)
	}

	failing = false
	begun, err := r.BeginReconciliation(ctx, "acme", hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.BeginReconciliation(ctx, "acme", hour); err == nil {
		t.Error("two run at once")
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	_ = r.RunReconciliation(gone, begun.ID)
	running, err := r.RunningReconciliations(ctx)
	if err != nil || !slices.Equal(running, []string{begun.ID}) {
		t.Fatalf("running are %v, %v", running, err)
	}
	for range 2 { // the second finds it done
		if err := r.RunReconciliation(ctx, begun.ID); err != nil {
			t.Fatal(err)
		}
	}
	list, _, err := r.ListFindings(ctx, payment.FindingFilter{Reconciliation: begun.ID})
	if err != nil || len(list) != 1 {
		t.Errorf("found %+v, %v", list, err)
	}
}
