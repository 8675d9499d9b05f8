package suite

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/internal/proxy"
)

var readCases = []testCase{
	{
		name:  "health",
		needs: needs(sdk.CapabilityCheckHealth),
		rule: "CheckHealth asks cheaply whether credentials and provider work. " +
			"It informs people: a provider that is away is unreachable, not an error of the plugin.",
		run: health,
	},
	{
		name:  "methods",
		needs: needs(sdk.CapabilityListPaymentMethods),
		rule: "ListPaymentMethods lists what the customer can pay with: ids that CreatePayment takes, " +
			"with bounds and currency.",
		run: methods,
	},
	{
		name:  "balances",
		needs: needs(sdk.CapabilityGetBalances),
		rule:  "GetBalances asks what the account holds at the provider.",
		run:   balances,
	},
	{
		name:  "operations",
		needs: needs(sdk.CapabilityInvokeOperation),
		rule: "InvokeOperation runs one of the provider's own operations, " +
			"as GetInfo.operations names them.",
		run: operations,
	},
}

// health asks with the provider there and away. GetInfo is the sign of life;
// health is for operators, who want to see a state and not that the question
// failed.
func health(run *caseRun) {
	got, err := run.account.CheckHealth(run.ctx)
	run.must(err, "CheckHealth")
	if got.State != sdk.HealthHealthy {
		run.fail("with a provider that answers: %s: %s", got.State, got.Message)
	}

	_, err = run.client.Configure(run.ctx, accountName, run.configAt(proxy.AwayURL))
	run.must(err, "Configure for a provider that is away")
	got, err = run.account.CheckHealth(run.ctx)
	if (err != nil) || (got.State != sdk.HealthUnreachable) {
		run.fail("with a provider that is away: got %q and error %v, want %q",
			got.State, err, sdk.HealthUnreachable)
	}
}

// methods checks the list. Hosts and shops key their choice by the ids, so an
// id that stands for two methods cannot be chosen.
func methods(run *caseRun) {
	list, err := run.account.ListPaymentMethods(run.ctx, run.methodsRequest())
	run.must(err, "ListPaymentMethods")

	seen := map[string]bool{}
	// A shop keys its choice by these three.
	for _, method := range list {
		key := method.ID + " " + method.Country + " " + method.Currency
		if (method.ID == "") || seen[key] {
			run.fail(
				"a method has the id %q, country %q and currency %q: no id, or listed twice",
				method.ID,
				method.Country,
				method.Currency,
			)
		}

		seen[key] = true

		if (method.Min != nil) && (method.Max != nil) &&
			method.Min.GreaterThan(*method.Max) {
			run.fail(
				"the method %s takes amounts from %s to %s",
				method.ID,
				method.Min,
				method.Max,
			)
		}

		if !oneOf(method.Flow, sdk.FlowRedirect, sdk.FlowDisplayConfirm, sdk.FlowNone) {
			run.fail("the method %s has the flow %q", method.ID, method.Flow)
		}
	}

	if len(list) == 0 {
		run.fail("the simulated provider offers no method")
	}

	// The filters are hints: without them the verb must work as well.
	if err := bareListMethods(run.ctx, run.account); err != nil {
		run.want(
			err,
			sdk.CodeInvalidRequest,
			sdk.OutcomeNotSent,
			"ListPaymentMethods without filters",
		)
	}
}

// balances checks that one wallet has one balance in one currency.
func balances(run *caseRun) {
	list, err := run.account.GetBalances(run.ctx)
	run.must(err, "GetBalances")

	seen := map[string]bool{}
	for _, balance := range list {
		currency := balance.Amount.Currency
		key := balance.Name + " " + currency
		if (sdk.CheckCurrency(currency) != nil) || seen[key] {
			run.fail(
				"a balance of %q is in %q: no currency, or listed twice",
				balance.Name,
				currency,
			)
		}

		seen[key] = true
	}

	if len(list) == 0 {
		run.fail("the simulated provider holds nothing, so nothing is proven")
	}
}

// operations invokes every operation with its sample, and one that is not
// declared.
func operations(run *caseRun) {
	for _, operation := range run.info.Operations {
		if _, err := run.invoke(operation).send(run.ctx, run.account); err != nil {
			run.fail("%s with its sample: %v", operation.Name, err)
		}
		// Without a key a retry could move the money twice.
		if operation.MovesMoney {
			_, err := run.account.InvokeOperation(run.ctx, sdk.InvokeOperationRequest{
				Operation: operation.Name,
				Input:     json.RawMessage(`{}`),
			})
			run.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent,
				"%s moves money, without an idempotency key", operation.Name)
		}
	}

	// An operation that is not declared must not reach the provider.
	run.proxy.Mark()
	err := bareInvokeOperation(run.ctx, run.account)
	run.want(err, sdk.CodeNotFound, sdk.OutcomeNotSent, "an operation that is not declared")
	run.quiet("an operation that is not declared")
}
