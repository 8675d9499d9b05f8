package suite

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

var readCases = []testCase{
	{
		name: "health", needs: needs(sdk.CapabilityCheckHealth),
		rule: "CheckHealth asks cheaply whether credentials and provider work. It informs people: a provider that is away is unreachable, not an error of the plugin.",
		run:  health,
	},
	{
		name: "methods", needs: needs(sdk.CapabilityListPaymentMethods),
		rule: "ListPaymentMethods lists what the customer can pay with: ids that CreatePayment takes, with bounds and currency.",
		run:  methods,
	},
	{
		name: "balances", needs: needs(sdk.CapabilityGetBalances),
		rule: "GetBalances asks what the account holds at the provider.",
		run:  balances,
	},
	{
		name: "operations", needs: needs(sdk.CapabilityInvokeOperation),
		rule: "InvokeOperation runs one of the provider's own operations, as GetInfo.operations names them.",
		run:  operations,
	},
}

// Liveness is GetInfo. Health is for people, who want to see a state and not that the question failed.
func health(run *caseRun) {
	h, err := run.account.CheckHealth(run.ctx)
	run.must(err, "CheckHealth")
	if h.State != sdk.HealthHealthy {
		run.fail("with a provider that answers: %s: %s", h.State, h.Message)
	}
	_, err = run.client.Configure(run.ctx, accountName, run.configAway())
	run.must(err, "Configure for a provider that is away")
	if h, err = run.account.CheckHealth(run.ctx); err != nil || h.State != sdk.HealthUnreachable {
		run.fail("with a provider that is away: got %q and error %v, want %q", h.State, err, sdk.HealthUnreachable)
	}
}

// Hosts and shops key their choice by these ids, so an id that stands for two things cannot be chosen.
func methods(run *caseRun) {
	list, err := run.account.ListPaymentMethods(run.ctx, sdk.ListPaymentMethodsRequest{Currency: run.currency(), Country: run.country(), CustomerID: "kit"})
	run.must(err, "ListPaymentMethods")
	seen := map[string]bool{}
	for _, m := range list {
		key := m.ID + " " + m.Country + " " + m.Currency
		if m.ID == "" || seen[key] {
			run.fail("a method has the id %q, country %q and currency %q: no id, or listed twice", m.ID, m.Country, m.Currency)
		}
		seen[key] = true
		if m.Min != nil && m.Max != nil && m.Min.GreaterThan(*m.Max) {
			run.fail("the method %s takes amounts from %s to %s", m.ID, m.Min, m.Max)
		}
		if !oneOf(m.Flow, sdk.FlowRedirect, sdk.FlowDisplayConfirm, sdk.FlowNone) {
			run.fail("the method %s has the flow %q", m.ID, m.Flow)
		}
	}
	if len(list) == 0 {
		run.fail("the simulated provider offers no method")
	}
	// The filters are hints: without them it must work as well.
	if _, err := run.account.ListPaymentMethods(run.ctx, sdk.ListPaymentMethodsRequest{}); err != nil {
		run.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "ListPaymentMethods without filters")
	}
}

// One wallet has one balance in one currency.
func balances(run *caseRun) {
	list, err := run.account.GetBalances(run.ctx)
	run.must(err, "GetBalances")
	seen := map[string]bool{}
	for _, b := range list {
		key := b.Name + " " + b.Amount.Currency
		if sdk.CheckCurrency(b.Amount.Currency) != nil || seen[key] {
			run.fail("a balance of %q is in %q: no currency, or listed twice", b.Name, b.Amount.Currency)
		}
		seen[key] = true
	}
	if len(list) == 0 {
		run.fail("the simulated provider holds nothing, so nothing is proven")
	}
}

// A sample that the provider takes is Samples.Operations, by name.
func operations(run *caseRun) {
	for _, o := range run.info.Operations {
		if _, err := run.invoke(o).send(run.ctx, run.account); err != nil {
			run.fail("%s with its sample: %v", o.Name, err)
		}
		if o.MovesMoney {
			_, err := run.account.InvokeOperation(run.ctx, sdk.InvokeOperationRequest{Operation: o.Name, Input: json.RawMessage(`{}`)})
			run.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "%s moves money, without an idempotency key", o.Name)
		}
	}
	run.proxy.Mark()
	_, err := run.account.InvokeOperation(run.ctx, sdk.InvokeOperationRequest{
		Operation: "no_such_operation", Input: json.RawMessage(`{}`), IdempotencyKey: "kit",
	})
	run.want(err, sdk.CodeNotFound, sdk.OutcomeNotSent, "an operation that is not declared")
	run.quiet("an operation that is not declared")
}
