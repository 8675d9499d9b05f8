package core_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// named is a context of what somebody asks for.
func named(t *testing.T, name string) context.Context {
	t.Helper()
	return caller.With(t.Context(), caller.Caller{Name: name, Token: true, Unlimited: true})
}

// waiting is a rig with a payout of the name shop that waits for another.
func waiting(t *testing.T) (r *rig, payout *payment.Payout) {
	t.Helper()
	r = newRig(t)
	r.Approval.PayoutAbove = []sdk.Money{{Amount: decimal.RequireFromString("10"), Currency: "USD"}}
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}

	payout, replayed, err := r.CreatePayout(named(t, "shop"), coretest.PayoutRequest(), "k")
	if err != nil || replayed {
		t.Fatalf("%v, %v", replayed, err)
	}
	return r, payout
}

// refusedWith checks the code of a refusal, after which nothing was done.
func refusedWith(t *testing.T, err error, code, words string) {
	t.Helper()
	problem := coretest.Problem(t, err)
	if problem.Code != code || problem.Outcome != sdk.OutcomeNotSent ||
		!strings.Contains(problem.Message, words) {
		t.Errorf("got %v, want %s: %s", problem, code, words)
	}
}

// A payout above the amount is recorded and not sent, whatever happens besides;
// the second name sends it, once.
func TestAPayoutWaitsForASecondName(t *testing.T) {
	r, p := waiting(t)
	if p.Status != payment.Created || p.ReviewReason != payment.ReviewApproval || len(p.Attempts) != 0 ||
		p.Approval == nil || p.Approval.AskedBy != "shop" || p.Approval.State != payment.ApprovalPending ||
		p.Approval.Why != "payouts above 10 USD need a second name" || p.Approval.SubjectID != p.ID {
		t.Fatalf("got %+v, %+v", p, p.Approval)
	}

	// A repeat is answered at once, recovery leaves it alone for days, a refresh
	// asks nobody, and nobody can resolve it.
	again, replayed, err := r.CreatePayout(named(t, "shop"), coretest.PayoutRequest(), "k")
	if err != nil || !replayed || again.ID != p.ID || again.Approval == nil {
		t.Errorf("the repeat: %+v, %v, %v", again, replayed, err)
	}
	other := r.NewHost(t)
	for range 3 {
		r.Clock.Add(24 * time.Hour)
		coretest.RecoverAt(t, r.Node)
		coretest.RecoverAt(t, other)
	}
	if _, err := r.RefreshPayout(t.Context(), p.ID); err != nil {
		t.Error(err)
	}
	for _, status := range []payment.Status{payment.Succeeded, payment.Failed} {
		err := r.Resolve(named(t, "ann"), payment.KindPayout, p.ID,
			payment.Resolution{Status: status, Reason: "r"})
		refusedWith(t, err, payment.CodeConflict, "approve or reject it")
	}
	if got := r.PayoutStatus(t, p.ID); got != payment.Created || r.Account.Creates() != 0 ||
		r.Account.Asks() != 0 {
		t.Fatalf("it is %s after %d creates and %d questions", got, r.Account.Creates(), r.Account.Asks())
	}

	_, err = r.Approve(named(t, "shop"), p.Approval.ID, "")
	refusedWith(t, err, string(sdk.CodePermission), "nobody approves their own")
	_, err = r.Approve(named(t, "ann"), "apr_1", "")
	refusedWith(t, err, string(sdk.CodeNotFound), "")

	decided, err := r.Approve(named(t, "ann"), p.ID, "looked at the invoice")
	if err != nil || decided.State != payment.ApprovalApproved || decided.DecidedBy != "ann" ||
		decided.DecidedAt == nil || decided.Reason != "looked at the invoice" {
		t.Fatalf("%+v, %v", decided, err)
	}
	sent, err := r.Payout(t.Context(), p.ID)
	if err != nil || sent.Status != payment.Succeeded || sent.ReviewReason != "" || sent.Approval != nil ||
		len(sent.Attempts) != 1 || !sent.Attempts[0].StartedAt.After(p.CreatedAt) {
		t.Fatalf("%+v, %v", sent, err)
	}
	actors := ""
	for _, change := range sent.History {
		actors += change.Actor + " " + change.Action + "; "
	}
	if actors != "shop created; operator ann approved; host called; call succeeded; " {
		t.Errorf("the history is %s", actors)
	}

	// Said again it does nothing again; another decision comes too late.
	if again, err := r.Approve(named(t, "ann"), decided.ID, ""); err != nil ||
		again.State != payment.ApprovalApproved {
		t.Errorf("%+v, %v", again, err)
	}
	_, err = r.Approve(named(t, "bob"), decided.ID, "")
	refusedWith(t, err, payment.CodeConflict, "was approved by ann")
	_, err = r.Reject(named(t, "bob"), decided.ID, "r")
	refusedWith(t, err, payment.CodeConflict, "was approved by ann")
	_, replayed, err = r.CreatePayout(named(t, "shop"), coretest.PayoutRequest(), "k")
	if !replayed || err != nil || r.Account.Creates() != 1 {
		t.Errorf("%v, %v, it was sent %d times", replayed, err, r.Account.Creates())
	}
}

// The amount itself does not wait, nor other currencies, nor payments.
func TestOnlyWhatIsAboveWaits(t *testing.T) {
	r, _ := waiting(t)
	r.Account.Create = coretest.Redirecting
	for key, change := range map[string]func(*payment.PayoutRequest){
		"equal":    func(p *payment.PayoutRequest) { p.Amount = decimal.RequireFromString("10.00") },
		"currency": func(p *payment.PayoutRequest) { p.Currency = "EUR" },
	} {
		request := coretest.PayoutRequest()
		change(&request)
		p, _, err := r.CreatePayout(t.Context(), request, key)
		if err != nil || p.Status != payment.Succeeded || p.Approval != nil {
			t.Errorf("%s: %+v, %v", key, p, err)
		}
	}
	if p := r.Pay(t, "payment"); p.Status != payment.RequiresAction {
		t.Errorf("the payment is %s", p.Status)
	}
}

// A rejected payout has failed and was not sent; whoever asked may withdraw it.
func TestARejectedPayoutWasNotSent(t *testing.T) {
	for _, name := range []string{"ann", "shop"} {
		r, p := waiting(t)
		_, err := r.Reject(named(t, name), p.Approval.ID, " ")
		refusedWith(t, err, "invalid_request", "")
		decided, err := r.Reject(named(t, name), p.Approval.ID, "not this one")
		if err != nil || decided.State != payment.ApprovalRejected || decided.DecidedBy != name {
			t.Fatalf("%+v, %v", decided, err)
		}
		again, err := r.Reject(named(t, name), p.Approval.ID, "not this one")
		if err != nil || again.State != payment.ApprovalRejected {
			t.Errorf("%+v, %v", again, err)
		}

		after, err := r.Payout(t.Context(), p.ID)
		if err != nil || after.Status != payment.Failed || after.ReviewReason != "" ||
			after.Failure.Outcome != "not_sent" || after.Failure.Code != payment.CodeRejected ||
			!strings.Contains(after.Failure.Message, "rejected by operator "+name+": not this one") {
			t.Errorf("%+v, %+v, %v", after, after.Failure, err)
		}
		_, err = r.Approve(named(t, "bob"), p.Approval.ID, "")
		refusedWith(t, err, payment.CodeConflict, "was rejected by "+name)
		events, err := r.Events(t.Context(), "", nil, 10)
		if err != nil || len(events) != 1 || events[0].Type != "payout.failed" {
			t.Errorf("%+v, %v", events, err)
		}
		if r.Account.Creates() != 0 {
			t.Error("it was sent")
		}
	}
}

// An approval that meets an obstacle leaves everything as it was: a pause, a
// plugin that is away, an account that is another one now, limits that are new.
func TestAnApprovalThatCannotBeSentStillWaits(t *testing.T) {
	r, p := waiting(t)
	approve := func() error {
		_, err := r.Approve(named(t, "ann"), p.Approval.ID, "")
		return err
	}

	pause(t, r.Node, payment.PausePayouts)
	wantPaused(t, approve())
	if _, err := r.Resume(t.Context(), "acme", payment.PauseAll, "ann", ""); err != nil {
		t.Fatal(err)
	}

	r.Account.SetDown(true)
	refusedWith(t, approve(), "unavailable", "")
	r.Account.SetDown(false)

	was := r.Account.Identity
	r.Account.Identity = "another"
	refusedWith(t, approve(), payment.CodeConflict, "identity")
	r.Account.Identity = was

	most := decimal.RequireFromString("11")
	r.Account.OnInfo.PayoutLimits = []sdk.AmountLimit{{Currency: "USD", Max: &most}}
	refusedWith(t, approve(), "invalid_request", "")
	r.Account.OnInfo.PayoutLimits = nil

	now, err := r.Payout(t.Context(), p.ID)
	if err != nil || now.Approval == nil || r.Account.Creates() != 0 {
		t.Fatalf("%+v, %v, %d creates", now, err, r.Account.Creates())
	}
	if err := approve(); err != nil || r.Account.Creates() != 1 {
		t.Errorf("%v, %d creates", err, r.Account.Creates())
	}
}

// Of many who decide at once, on two hosts, one does, and at most one call is
// made.
func TestOneDecisionCounts(t *testing.T) {
	r, p := waiting(t)
	hosts := []*coretest.Node{r.Node, r.NewHost(t)}
	var decisions sync.WaitGroup
	var mu sync.Mutex
	approved, rejected := 0, 0
	for k := range 16 {
		ctx := named(t, "ann"+strings.Repeat("x", k))
		decisions.Go(func() {
			var err error
			if k%4 == 3 {
				_, err = hosts[k%2].Reject(ctx, p.Approval.ID, "r")
			} else {
				_, err = hosts[k/2%2].Approve(ctx, p.Approval.ID, "")
			}
			var problem *payment.Error
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && k%4 == 3:
				rejected++
			case err == nil:
				approved++
			case !errors.As(err, &problem) || problem.Code != payment.CodeConflict:
				t.Errorf("got %v", err)
			}
		})
	}
	decisions.Wait()

	if approved+rejected != 1 || r.Account.Creates() != int64(approved) {
		t.Errorf("%d approvals, %d rejections, %d creates", approved, rejected, r.Account.Creates())
	}
}

// A commit whose acknowledgement is lost is found out about: the call is made
// once when it has arrived, and not when it has not. A host that cannot find out
// leaves an attempt in doubt, which is reconciled like any other.
func TestAnApprovalWhoseCommitIsInDoubt(t *testing.T) {
	lost := errors.New("connection lost")
	t.Run("it has arrived", func(t *testing.T) {
		r, p := waiting(t)
		r.Faults.Next(coretest.Fault{Lose: lost})
		if _, err := r.Approve(named(t, "ann"), p.Approval.ID, ""); err != nil {
			t.Fatal(err)
		}
		if r.PayoutStatus(t, p.ID) != payment.Succeeded || r.Account.Creates() != 1 {
			t.Errorf("%s, %d creates", r.PayoutStatus(t, p.ID), r.Account.Creates())
		}
	})

	t.Run("it has not", func(t *testing.T) {
		r, p := waiting(t)
		r.Faults.Next(coretest.Fault{Undo: lost})
		_, err := r.Approve(named(t, "ann"), p.Approval.ID, "")
		refusedWith(t, err, payment.CodeStorage, "")
		if _, err := r.Approve(named(t, "bob"), p.Approval.ID, ""); err != nil || r.Account.Creates() != 1 {
			t.Errorf("%v, %d creates", err, r.Account.Creates())
		}
	})

	t.Run("nobody can say", func(t *testing.T) {
		r, p := waiting(t)
		r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal}
		r.Faults.Next(coretest.Fault{Lose: lost}, coretest.Fault{Refuse: lost})
		_, err := r.Approve(named(t, "ann"), p.Approval.ID, "")
		problem := coretest.Problem(t, err)
		if problem.Outcome != sdk.OutcomeUnknown || problem.Code != payment.CodeStorage ||
			r.Account.Creates() != 0 {
			t.Fatalf("got %v, %d creates", problem, r.Account.Creates())
		}
		other := r.NewHost(t)
		r.RecoverUntil(t, "the end of the doubt", func() bool {
			coretest.RecoverAt(t, other)
			return r.PayoutStatus(t, p.ID).Final() || r.PayoutStatus(t, p.ID) == payment.UnderReview
		})
		if r.Account.Creates() > 1 {
			t.Errorf("%d creates", r.Account.Creates())
		}
	})

	t.Run("nothing was written", func(t *testing.T) {
		r, p := waiting(t)
		r.Faults.Next(coretest.Fault{Refuse: store.ErrUnwritten})
		_, err := r.Approve(named(t, "ann"), p.Approval.ID, "")
		refusedWith(t, err, payment.CodeStorage, "")
		if r.Account.Creates() != 0 {
			t.Error("it was sent")
		}
	})
}

// decided is a rig on which decisions wait, with a payout in doubt about which
// ann has decided.
func decided(t *testing.T) (r *rig, id string) {
	t.Helper()
	r = newRig(t)
	r.Approval = config.Approval{Resolve: true}
	r.DoubtfulPayout(sdk.RetryNone, nil)
	id = r.PayOut(t, "k").ID
	err := r.Resolve(named(t, "ann"), payment.KindPayout, id,
		payment.Resolution{Status: payment.Failed, Reason: "not in the books", Operator: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	return r, id
}

// A decision counts when a second name has approved it, and the history has both.
func TestADecisionWaitsForASecondName(t *testing.T) {
	r, id := decided(t)
	p, err := r.Payout(t.Context(), id)
	if err != nil || p.Status != payment.Unknown || p.Approval == nil ||
		p.Approval.Kind != payment.ApprovalResolve || p.Approval.Resolution.Status != payment.Failed {
		t.Fatalf("%+v, %v", p, err)
	}

	err = r.Resolve(named(t, "bob"), payment.KindPayout, id,
		payment.Resolution{Status: payment.Succeeded, Reason: "r"})
	refusedWith(t, err, payment.CodeConflict, "another decision about it waits")
	_, err = r.Approve(named(t, "ann"), p.Approval.ID, "")
	refusedWith(t, err, string(sdk.CodePermission), "nobody approves their own")

	if _, err := r.Approve(named(t, "bob"), p.Approval.ID, "looked too"); err != nil {
		t.Fatal(err)
	}
	p, err = r.Payout(t.Context(), id)
	last := p.History[len(p.History)-1]
	if err != nil || p.Status != payment.Failed || p.Approval != nil ||
		last.Actor != "operator ann, approved by bob" || last.Note != "not in the books" {
		t.Errorf("%+v, %v", p, err)
	}
}

// A decision that is rejected changes nothing, and another may be asked for.
func TestARejectedDecisionIsDropped(t *testing.T) {
	r, id := decided(t)
	if _, err := r.Reject(named(t, "bob"), id, "ask them first"); err != nil {
		t.Fatal(err)
	}
	if got := r.PayoutStatus(t, id); got != payment.Unknown {
		t.Errorf("it is %s", got)
	}
	err := r.Resolve(named(t, "bob"), payment.KindPayout, id,
		payment.Resolution{Status: payment.Succeeded, Reason: "they said so"})
	if err != nil {
		t.Error(err)
	}
}

// A decision is about what its maker saw: what has happened since is not in it.
func TestADecisionThatHasWaitedTooLongIsRefused(t *testing.T) {
	r, id := decided(t)
	r.report(t, id, intent.Signature, payment.Processing, intent.StatusQuery{Possible: true})
	_, err := r.Approve(named(t, "bob"), id, "")
	refusedWith(t, err, payment.CodeConflict, "look at it again")
	if got := r.PayoutStatus(t, id); got != payment.Processing {
		t.Errorf("it is %s", got)
	}
}

// Who does not see an account does not see what waits for it.
func TestApprovalsOfOthersAreNotThere(t *testing.T) {
	r, p := waiting(t)
	ctx := caller.With(t.Context(), caller.Caller{
		Name: "zed", Token: true, Providers: []string{"zenith"}, Scopes: caller.Scopes(),
	})
	list, _, err := r.ListApprovals(ctx, payment.ApprovalFilter{})
	if err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	for _, id := range []string{p.ID, p.Approval.ID} {
		_, err := r.Approve(ctx, id, "")
		refusedWith(t, err, "not_found", "")
		_, err = r.Reject(ctx, id, "r")
		refusedWith(t, err, "not_found", "")
	}

	list, next, err := r.ListApprovals(t.Context(), payment.ApprovalFilter{State: payment.ApprovalPending})
	if err != nil || len(list) != 1 || next != "" || list[0].ID != p.Approval.ID {
		t.Errorf("%v, %q, %v", list, next, err)
	}
	list, _, err = r.ListApprovals(t.Context(), payment.ApprovalFilter{State: payment.ApprovalApproved})
	if err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}
