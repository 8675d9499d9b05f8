package core_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/sdk"
)

// An operation that moves money is a way to pay out: to operate a provider is
// not enough for it.
func TestAnOperationThatMovesMoneyNeedsThePowerToPayOut(t *testing.T) {
	r := newRig(t)
	r.Account.OnInfo.Operations = []sdk.Operation{{Name: "send", MovesMoney: true}, {Name: "look"}}
	r.Account.Operation = func(context.Context, sdk.InvokeOperationRequest) (json.RawMessage, error) {
		return json.RawMessage(`{}`), nil
	}
	invoke := func(operation string, scopes ...caller.Scope) error {
		ctx := caller.With(t.Context(), caller.Caller{Name: "ann", Token: true, Scopes: scopes})
		_, _, err := r.Invoke(ctx, "acme", operation, json.RawMessage(`{}`), "k")
		return err
	}

	problem := coretest.Problem(t, invoke("send", caller.ProvidersOperate))
	if problem.Code != string(sdk.CodePermission) || problem.Outcome != sdk.OutcomeNotSent {
		t.Errorf("got %v", problem)
	}
	if err := invoke("look", caller.ProvidersOperate); err != nil {
		t.Error(err)
	}
	if err := invoke("send", caller.ProvidersOperate, caller.PayoutsWrite); err != nil {
		t.Error(err)
	}
}
