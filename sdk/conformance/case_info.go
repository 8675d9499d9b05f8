package conformance

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"

	"github.com/payhost/payhost/sdk"
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
func infoBeforeConfigure(x *trial) {
	x.tap.mark()
	before, err := x.client.Info(x.ctx)
	x.must(err, "GetInfo before Configure")
	x.quiet("GetInfo")
	_, err = x.client.Configure(x.ctx, accountName, x.goodConfig())
	x.must(err, "Configure")
	after, err := x.client.Info(x.ctx)
	x.must(err, "GetInfo after Configure")
	if !reflect.DeepEqual(before, after) {
		x.fail("GetInfo says something else after Configure")
	}
}

var (
	nameForm    = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
	callForm    = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
)

// The SDK's client refuses some of this by itself; a plugin in another language meets it here with a better text.
func infoNames(x *trial) {
	i := x.info
	if !nameForm.MatchString(i.Name) {
		x.fail("the name is %q", i.Name)
	}
	if i.Version == "" || i.Description == "" {
		x.fail("version %q and description %q must both be there", i.Version, i.Description)
	}
	if i.ContractVersion != sdk.ContractVersion {
		x.fail("the contract's version is %d, not %d", i.ContractVersion, sdk.ContractVersion)
	}
	for _, c := range i.Currencies {
		if err := sdk.CheckCurrency(c); err != nil {
			x.fail("currency %q: %v", c, err)
		}
	}
	for _, c := range i.Countries {
		if !countryForm.MatchString(c) {
			x.fail("country %q is not two upper-case letters", c)
		}
	}
}

// What is declared of a verb that is not there is a mistake in the verb or in the declaration: one of them was forgotten.
func infoGuarantees(x *trial) {
	for _, d := range []struct {
		capability sdk.Capability
		guarantee  sdk.IdempotencySupport
	}{
		{sdk.CapabilityCreatePayment, x.info.CreatePayment},
		{sdk.CapabilityCapturePayment, x.info.CapturePayment},
		{sdk.CapabilityCreateRefund, x.info.CreateRefund},
		{sdk.CapabilityCreatePayout, x.info.CreatePayout},
	} {
		g := d.guarantee
		if !oneOf(g.Retry, sdk.RetryNone, sdk.RetryRejectsDuplicates, sdk.RetryReturnsOriginal) {
			x.fail("%s: there is no repeat guarantee %q", d.capability, g.Retry)
		}
		// The zero value crosses the wire as RetryNone.
		nothing := g.Retry == sdk.RetryNone && g.Window == 0 && !g.LinkOnly
		if !nothing && !slices.Contains(x.info.Capabilities, d.capability) {
			x.fail("%s: a guarantee is declared, but the plugin cannot do it", d.capability)
		}
		if g.Retry == sdk.RetryNone && g.Window != 0 {
			x.fail("%s: a window of %s for no guarantee", d.capability, g.Window)
		}
		if g.LinkOnly && d.capability != sdk.CapabilityCreatePayment {
			x.fail("%s: only creating a payment can be making a link", d.capability)
		}
	}
}

// The host decides by these whether "not found" allows it to send money again, so a lookup that nothing can back is
// dangerous, not untidy.
func infoLookups(x *trial) {
	for _, d := range []struct {
		what      string
		lookup    sdk.Lookup
		get, list sdk.Capability
	}{
		{"PaymentLookup", x.info.PaymentLookup, sdk.CapabilityGetPayment, sdk.CapabilityListPayments},
		{"PayoutLookup", x.info.PayoutLookup, sdk.CapabilityGetPayout, sdk.CapabilityListPayouts},
		{"RefundLookup", x.info.RefundLookup, sdk.CapabilityGetRefund, ""},
	} {
		gets := slices.Contains(x.info.Capabilities, d.get)
		lists := slices.Contains(x.info.Capabilities, d.list)
		l := d.lookup
		if !gets && (l.ByReference || l.Immediate) {
			x.fail("%s says what asking can find out, but there is no %s", d.what, d.get)
		}
		if !gets && !lists && l.Amounts {
			x.fail("%s says that answers carry amounts, but nothing can be asked", d.what)
		}
		if l.Immediate && !l.ByReference {
			x.fail("%s: \"not found\" can prove nothing where asking needs the provider's own reference", d.what)
		}
		if lists != (l.ListByReference || l.ListByTime) {
			x.fail("%s: whether there is %s (%t) and how it can be asked must be declared together", d.what, d.list, lists)
		}
	}
}

// Trust without a parser would leave notices in the inbox for ever; a parser without trust believes nobody.
func infoTrust(x *trial) {
	parses := slices.Contains(x.info.Capabilities, sdk.CapabilityParseWebhook)
	if parses != (len(x.info.WebhookTrust) > 0) {
		x.fail("the plugin parses notices: %t; ways to trust one: %q", parses, x.info.WebhookTrust)
	}
	for _, t := range x.info.WebhookTrust {
		if !oneOf(t, sdk.TrustSignature, sdk.TrustPaymentURL, sdk.TrustAccountURL, sdk.TrustAddress) {
			x.fail("there is no webhook trust %q", t)
		}
	}
}

// Callers of an operation have nothing but its schemas to go by.
func infoOperations(x *trial) {
	invokes := slices.Contains(x.info.Capabilities, sdk.CapabilityInvokeOperation)
	if invokes != (len(x.info.Operations) > 0) {
		x.fail("the plugin invokes operations: %t; it declares %d", invokes, len(x.info.Operations))
	}
	seen := map[string]bool{}
	for _, o := range x.info.Operations {
		if !callForm.MatchString(o.Name) || seen[o.Name] {
			x.fail("an operation is named %q, which is no name or taken", o.Name)
		}
		seen[o.Name] = true
		for what, s := range map[string]json.RawMessage{"input": o.InputSchema, "output": o.OutputSchema} {
			if _, err := object(s); err != nil {
				x.fail("the operation %s has no JSON Schema for its %s: %v", o.Name, what, err)
			}
		}
	}
}

// Limits that contradict each other turn every amount away.
func infoLimits(x *trial) {
	for _, l := range slices.Concat(x.info.PaymentLimits, x.info.PayoutLimits) {
		if err := sdk.CheckCurrency(l.Currency); err != nil {
			x.fail("a limit is for %q: %v", l.Currency, err)
		}
		if l.Min != nil && l.Max != nil && l.Min.GreaterThan(*l.Max) {
			x.fail("the limits of %s are from %s to %s", l.Currency, l.Min, l.Max)
		}
		if l.Decimals != nil && *l.Decimals < 0 {
			x.fail("amounts in %s have %d decimals", l.Currency, *l.Decimals)
		}
	}
}

// A configuration can only take away: the host shows the plugin's capabilities before there is any account.
func infoOfAccount(x *trial) {
	for _, c := range x.account.Capabilities {
		if !slices.Contains(x.info.Capabilities, c) {
			x.fail("the account can %s, which the plugin cannot", c)
		}
	}
	if len(x.account.Capabilities) == 0 {
		x.fail("the account can do nothing")
	}
	if x.account.IdentityFingerprint == "" {
		x.fail("there is no identity fingerprint")
	}
}
