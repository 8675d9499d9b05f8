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
		name: "info before configure", unconfigured: true,
		rule: "GetInfo says what the plugin is and can do. It works before Configure, asks nobody, and answers at once.",
		run:  infoBeforeConfigure,
	},
	{
		name: "info names", unconfigured: true,
		rule: "Name is the plugin's file name: 1 to 32 characters of a-z 0-9 -. Currencies and Countries are upper case.",
		run:  infoNames,
	},
	{
		name: "info guarantees", unconfigured: true,
		rule: "GetInfo declares for each create verb what a repeat does at the provider; a verb that is not there has nothing to declare.",
		run:  infoGuarantees,
	},
	{
		name: "info lookups", unconfigured: true,
		rule: "Lookup says what the status verbs can find out.",
		run:  infoLookups,
	},
	{
		name: "info webhook trust", unconfigured: true,
		rule: "WebhookTrust names the ways in which a notice can be trusted; empty when the provider sends none.",
		run:  infoTrust,
	},
	{
		name: "info operations", unconfigured: true,
		rule: "Operations are named by 1 to 64 characters of a-z 0-9 _, with JSON Schemas for input and output.",
		run:  infoOperations,
	},
	{
		name: "info limits", unconfigured: true,
		rule: "AmountLimit bounds the amounts of one currency, both ends inclusive.",
		run:  infoLimits,
	},
	{
		name: "info of the account",
		rule: "ConfigureResponse says what this account can do: the plugin's capabilities less what its configuration turns off.",
		run:  infoOfAccount,
	},
}

// Hosts take GetInfo as the sign of life of a process, so that it may depend on nobody.
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
	nameForm    = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
	callForm    = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
)

// The SDK's client refuses some of this by itself; a plugin in another language meets it here with a better text.
func infoNames(run *caseRun) {
	i := run.info
	if !nameForm.MatchString(i.Name) {
		run.fail("the name is %q", i.Name)
	}
	if i.Version == "" || i.Description == "" {
		run.fail("version %q and description %q must both be there", i.Version, i.Description)
	}
	if i.ContractVersion != client.ContractVersion {
		run.fail("the contract's version is %d, not %d", i.ContractVersion, client.ContractVersion)
	}
	for _, c := range i.Currencies {
		if err := sdk.CheckCurrency(c); err != nil {
			run.fail("currency %q: %v", c, err)
		}
	}
	for _, c := range i.Countries {
		if !countryForm.MatchString(c) {
			run.fail("country %q is not two upper-case letters", c)
		}
	}
}

// What is declared of a verb that is not there is a mistake in the verb or in the declaration: one of them was forgotten.
func infoGuarantees(run *caseRun) {
	for _, d := range []struct {
		capability sdk.Capability
		guarantee  sdk.IdempotencySupport
	}{
		{sdk.CapabilityCreatePayment, run.info.CreatePayment},
		{sdk.CapabilityCapturePayment, run.info.CapturePayment},
		{sdk.CapabilityCreateRefund, run.info.CreateRefund},
		{sdk.CapabilityCreatePayout, run.info.CreatePayout},
	} {
		g := d.guarantee
		if !oneOf(g.Retry, sdk.RetryNone, sdk.RetryRejectsDuplicates, sdk.RetryReturnsOriginal) {
			run.fail("%s: there is no repeat guarantee %q", d.capability, g.Retry)
		}
		// The zero value crosses the wire as RetryNone.
		nothing := g.Retry == sdk.RetryNone && g.Window == 0 && !g.LinkOnly
		if !nothing && !slices.Contains(run.info.Capabilities, d.capability) {
			run.fail("%s: a guarantee is declared, but the plugin cannot do it", d.capability)
		}
		if g.Retry == sdk.RetryNone && g.Window != 0 {
			run.fail("%s: a window of %s for no guarantee", d.capability, g.Window)
		}
		if g.LinkOnly && d.capability != sdk.CapabilityCreatePayment {
			run.fail("%s: only creating a payment can be making a link", d.capability)
		}
	}
}

// The host decides by these whether "not found" allows it to send money again, so a lookup that nothing can back is
// dangerous, not untidy.
func infoLookups(run *caseRun) {
	for _, d := range []struct {
		what      string
		lookup    sdk.Lookup
		get, list sdk.Capability
	}{
		{"PaymentLookup", run.info.PaymentLookup, sdk.CapabilityGetPayment, sdk.CapabilityListPayments},
		{"PayoutLookup", run.info.PayoutLookup, sdk.CapabilityGetPayout, sdk.CapabilityListPayouts},
		{"RefundLookup", run.info.RefundLookup, sdk.CapabilityGetRefund, ""},
	} {
		gets := slices.Contains(run.info.Capabilities, d.get)
		lists := slices.Contains(run.info.Capabilities, d.list)
		l := d.lookup
		if !gets && (l.ByReference || l.Immediate) {
			run.fail("%s says what asking can find out, but there is no %s", d.what, d.get)
		}
		if !gets && !lists && l.Amounts {
			run.fail("%s says that answers carry amounts, but nothing can be asked", d.what)
		}
		if l.Immediate && !l.ByReference {
			run.fail("%s: \"not found\" can prove nothing where asking needs the provider's own reference", d.what)
		}
		if lists != (l.ListByReference || l.ListByTime) {
			run.fail("%s: whether there is %s (%t) and how it can be asked must be declared together", d.what, d.list, lists)
		}
	}
}

// Trust without a parser would leave notices in the inbox for ever; a parser without trust believes nobody.
func infoTrust(run *caseRun) {
	parses := slices.Contains(run.info.Capabilities, sdk.CapabilityParseWebhook)
	if parses != (len(run.info.WebhookTrust) > 0) {
		run.fail("the plugin parses notices: %t; ways to trust one: %q", parses, run.info.WebhookTrust)
	}
	for _, t := range run.info.WebhookTrust {
		if !oneOf(t, sdk.TrustSignature, sdk.TrustPaymentURL, sdk.TrustAccountURL, sdk.TrustAddress) {
			run.fail("there is no webhook trust %q", t)
		}
	}
}

// Callers of an operation have nothing but its schemas to go by.
func infoOperations(run *caseRun) {
	invokes := slices.Contains(run.info.Capabilities, sdk.CapabilityInvokeOperation)
	if invokes != (len(run.info.Operations) > 0) {
		run.fail("the plugin invokes operations: %t; it declares %d", invokes, len(run.info.Operations))
	}
	seen := map[string]bool{}
	for _, o := range run.info.Operations {
		if !callForm.MatchString(o.Name) || seen[o.Name] {
			run.fail("an operation is named %q, which is no name or taken", o.Name)
		}
		seen[o.Name] = true
		for what, s := range map[string]json.RawMessage{"input": o.InputSchema, "output": o.OutputSchema} {
			if _, err := object(s); err != nil {
				run.fail("the operation %s has no JSON Schema for its %s: %v", o.Name, what, err)
			}
		}
	}
}

// Limits that contradict each other turn every amount away.
func infoLimits(run *caseRun) {
	for _, l := range slices.Concat(run.info.PaymentLimits, run.info.PayoutLimits) {
		if err := sdk.CheckCurrency(l.Currency); err != nil {
			run.fail("a limit is for %q: %v", l.Currency, err)
		}
		if l.Min != nil && l.Max != nil && l.Min.GreaterThan(*l.Max) {
			run.fail("the limits of %s are from %s to %s", l.Currency, l.Min, l.Max)
		}
		if l.Decimals != nil && *l.Decimals < 0 {
			run.fail("amounts in %s have %d decimals", l.Currency, *l.Decimals)
		}
	}
}

// A configuration can only take away: the host shows the plugin's capabilities before there is any account.
func infoOfAccount(run *caseRun) {
	for _, c := range run.accountInfo.Capabilities {
		if !slices.Contains(run.info.Capabilities, c) {
			run.fail("the account can %s, which the plugin cannot", c)
		}
	}
	if len(run.accountInfo.Capabilities) == 0 {
		run.fail("the account can do nothing")
	}
	if run.accountInfo.IdentityFingerprint == "" {
		run.fail("there is no identity fingerprint")
	}
}
