package suite

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

var infoCases = []testCase{
	{
		name:         "info before configure",
		unconfigured: true,
		rule: "GetInfo says what the plugin is and can do. " +
			"It works before Configure, asks nobody, and answers at once.",
		run: infoBeforeConfigure,
	},
	{
		name:         "info names",
		unconfigured: true,
		rule: "Name is the plugin's file name: 1 to 32 characters of a-z 0-9 -. " +
			"Currencies and Countries are upper case.",
		run: infoNames,
	},
	{
		name:         "info guarantees",
		unconfigured: true,
		rule: "GetInfo declares for each create verb what a repeat does at the provider; " +
			"a verb that is not there has nothing to declare.",
		run: infoGuarantees,
	},
	{
		name:         "info lookups",
		unconfigured: true,
		rule:         "Lookup says what the status verbs can find out.",
		run:          infoLookups,
	},
	{
		name:         "info webhook trust",
		unconfigured: true,
		rule: "WebhookTrust names the ways in which a webhook can be trusted; " +
			"empty when the provider sends none.",
		run: infoTrust,
	},
	{
		name:         "info operations",
		unconfigured: true,
		rule: "Operations are named by 1 to 64 characters of a-z 0-9 _, " +
			"with JSON Schemas for input and output.",
		run: infoOperations,
	},
	{
		name:         "info limits",
		unconfigured: true,
		rule:         "AmountLimit bounds the amounts of one currency, both ends inclusive.",
		run:          infoLimits,
	},
	{
		name: "info of the account",
		rule: "ConfigureResponse says what this account can do: " +
			"the plugin's capabilities less what its configuration turns off.",
		run: infoOfAccount,
	},
}

// infoBeforeConfigure asks a process that has no account. Hosts take GetInfo as
// the sign of life of a process, so that it must not depend on the provider.
func infoBeforeConfigure(run *caseRun) {
	run.proxy.Mark()
	before, err := run.client.Info(run.ctx)
	run.must(err, "GetInfo before Configure")
	run.quiet("GetInfo")

	_, err = run.client.Configure(run.ctx, accountName, run.goodConfig())
	run.must(err, "Configure")
	after, err := run.client.Info(run.ctx)
	run.must(err, "GetInfo after Configure")
	if !reflect.DeepEqual(before, after) {
		run.fail("GetInfo says something else after Configure")
	}
}

var (
	nameForm      = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	countryForm   = regexp.MustCompile(`^[A-Z]{2}$`)
	operationForm = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
)

// infoNames checks names and codes. The SDK's client refuses some of this by
// itself; the author of a plugin in another language gets a better text here.
func infoNames(run *caseRun) {
	info := run.info
	if !nameForm.MatchString(info.Name) {
		run.fail("the name is %q", info.Name)
	}
	if (info.Version == "") || (info.Description == "") {
		run.fail(
			"version %q and description %q must both be there",
			info.Version,
			info.Description,
		)
	}

	if info.ContractVersion != client.ContractVersion {
		run.fail(
			"the contract's version is %d, not %d",
			info.ContractVersion,
			client.ContractVersion,
		)
	}

	// The host matches both by their exact spelling.
	for _, currency := range info.Currencies {
		if err := sdk.CheckCurrency(currency); err != nil {
			run.fail("currency %q: %v", currency, err)
		}
	}

	for _, country := range info.Countries {
		if !countryForm.MatchString(country) {
			run.fail("country %q is not two upper-case letters", country)
		}
	}
}

// infoGuarantees compares declarations with verbs. A declaration about a
// verb that is not there is a mistake in the verb or in the declaration: the author
// forgot one of them.
func infoGuarantees(run *caseRun) {
	for _, declared := range []struct {
		capability sdk.Capability
		guarantee  sdk.IdempotencySupport
	}{
		{sdk.CapabilityCreatePayment, run.info.CreatePayment},
		{sdk.CapabilityCapturePayment, run.info.CapturePayment},
		{sdk.CapabilityCreateRefund, run.info.CreateRefund},
		{sdk.CapabilityCreatePayout, run.info.CreatePayout},
	} {
		run.checkGuarantee(declared.capability, declared.guarantee)
	}
}

func (run *caseRun) checkGuarantee(
	capability sdk.Capability,
	guarantee sdk.IdempotencySupport,
) {
	if !oneOf(guarantee.Retry,
		sdk.RetryNone, sdk.RetryRejectsDuplicates, sdk.RetryReturnsOriginal) {
		run.fail("%s: there is no repeat guarantee %q", capability, guarantee.Retry)
	}

	// The zero value crosses the wire as RetryNone.
	none := guarantee.Retry == sdk.RetryNone
	nothing := none && (guarantee.Window == 0) && !guarantee.LinkOnly
	if !nothing && !slices.Contains(run.info.Capabilities, capability) {
		run.fail("%s: a guarantee is declared, but the plugin cannot do it", capability)
	}

	if none && (guarantee.Window != 0) {
		run.fail("%s: a window of %s for no guarantee", capability, guarantee.Window)
	}
	if guarantee.LinkOnly && (capability != sdk.CapabilityCreatePayment) {
		run.fail("%s: only creating a payment can be making a link", capability)
	}
}

// infoLookups compares lookups with the verbs behind them. The host decides by
// a lookup whether "not found" allows it to send money again, so one without a
// verb is dangerous, not untidy.
func infoLookups(run *caseRun) {
	for _, declared := range []struct {
		what      string
		lookup    sdk.Lookup
		get, list sdk.Capability
	}{
		{"PaymentLookup", run.info.PaymentLookup, sdk.CapabilityGetPayment, sdk.CapabilityListPayments},
		{"PayoutLookup", run.info.PayoutLookup, sdk.CapabilityGetPayout, sdk.CapabilityListPayouts},
		{"RefundLookup", run.info.RefundLookup, sdk.CapabilityGetRefund, ""},
	} {
		what, lookup := declared.what, declared.lookup
		gets := slices.Contains(run.info.Capabilities, declared.get)
		lists := slices.Contains(run.info.Capabilities, declared.list)

		// A declaration without the verb that backs it.
		if !gets && (lookup.ByReference || lookup.Immediate) {
			run.fail(
				"%s says what asking can find out, but there is no %s",
				what,
				declared.get,
			)
		}

		if !gets && !lists && lookup.Amounts {
			run.fail("%s says that answers carry amounts, but nothing can be asked", what)
		}
		if lookup.Immediate && !lookup.ByReference {
			run.fail(
				"%s: \"not found\" can prove nothing where asking needs the provider's own reference",
				what,
			)
		}

		// A list verb without a way to ask is never called.
		if lists != (lookup.ListByReference || lookup.ListByTime) {
			run.fail(
				"%s: whether there is %s (%t) and how it can be asked must be declared together",
				what,
				declared.list,
				lists,
			)
		}
	}
}

// infoTrust compares trust with the parser. Trust without a parser would leave
// webhooks in the inbox for ever; a parser without trust can believe none.
func infoTrust(run *caseRun) {
	parses := slices.Contains(run.info.Capabilities, sdk.CapabilityParseWebhook)
	if parses != (len(run.info.WebhookTrust) > 0) {
		run.fail(
			"the plugin parses webhooks: %t; ways to trust one: %q",
			parses,
			run.info.WebhookTrust,
		)
	}

	// A word that the host does not know is no way to trust.
	for _, trust := range run.info.WebhookTrust {
		if !oneOf(
			trust,
			sdk.TrustSignature,
			sdk.TrustPaymentURL,
			sdk.TrustAccountURL,
			sdk.TrustAddress,
		) {
			run.fail("there is no webhook trust %q", trust)
		}
	}
}

// infoOperations checks the schemas, which are all that the callers of an
// operation know of it.
func infoOperations(run *caseRun) {
	invokes := slices.Contains(run.info.Capabilities, sdk.CapabilityInvokeOperation)
	if invokes != (len(run.info.Operations) > 0) {
		run.fail(
			"the plugin invokes operations: %t; it declares %d",
			invokes,
			len(run.info.Operations),
		)
	}

	seen := map[string]bool{}
	for _, operation := range run.info.Operations {
		if !operationForm.MatchString(operation.Name) || seen[operation.Name] {
			run.fail("an operation is named %q, which is no name or taken", operation.Name)
		}
		seen[operation.Name] = true

		// A caller has nothing else to go by.
		schemas := map[string]json.RawMessage{
			"input":  operation.InputSchema,
			"output": operation.OutputSchema,
		}
		for what, schema := range schemas {
			if _, err := object(schema); err != nil {
				run.fail(
					"the operation %s has no JSON Schema for its %s: %v",
					operation.Name,
					what,
					err,
				)
			}
		}
	}
}

// infoLimits checks the limits: those that contradict each other turn every
// amount away.
func infoLimits(run *caseRun) {
	for _, limit := range slices.Concat(run.info.PaymentLimits, run.info.PayoutLimits) {
		if err := sdk.CheckCurrency(limit.Currency); err != nil {
			run.fail("a limit is for %q: %v", limit.Currency, err)
		}
		if (limit.Min != nil) && (limit.Max != nil) && limit.Min.GreaterThan(*limit.Max) {
			run.fail(
				"the limits of %s are from %s to %s",
				limit.Currency,
				limit.Min,
				limit.Max,
			)
		}

		if (limit.Decimals != nil) && (*limit.Decimals < 0) {
			run.fail("amounts in %s have %d decimals", limit.Currency, *limit.Decimals)
		}
	}
}

// infoOfAccount checks that a configuration only takes away: the host shows the
// plugin's capabilities before there is any account.
func infoOfAccount(run *caseRun) {
	for _, capability := range run.accountInfo.Capabilities {
		if !slices.Contains(run.info.Capabilities, capability) {
			run.fail("the account can %s, which the plugin cannot", capability)
		}
	}

	if len(run.accountInfo.Capabilities) == 0 {
		run.fail("the account can do nothing")
	}
	if run.accountInfo.IdentityFingerprint == "" {
		run.fail("there is no identity fingerprint")
	}
}
