package archtest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// verbs are the methods by which a provider says what it can do, each with its
// interface.
var verbs = map[string]string{
	"CheckHealth": "HealthChecker", "ListPaymentMethods": "MethodLister", "CreatePayment": "PaymentCreator",
	"ConfirmPayment": "PaymentConfirmer", "GetPayment": "PaymentGetter", "ListPayments": "PaymentLister",
	"CapturePayment": "PaymentCapturer", "CancelPayment": "PaymentCanceler", "CreateRefund": "RefundCreator",
	"GetRefund": "RefundGetter", "CreatePayout": "PayoutCreator", "GetPayout": "PayoutGetter", "ListPayouts": "PayoutLister",
	"GetBalances": "BalanceGetter", "ParseWebhook": "WebhookParser", "ParseReturn": "ReturnParser",
	"InvokeOperation": "OperationInvoker", "DescribeAccount": "AccountDescriber", "TakesCurrency": "CurrencyLearner",
}

var (
	method = regexp.MustCompile(`(?m)^func \(\w* ?\*provider\) (\w+)\(`)
	guard  = regexp.MustCompile(`(?m)^\s*(?:var )?_ +sdk\.(\w+) += \(\*provider\)\(nil\)$`)
)

// unguarded finds the verbs of plugins that nothing holds to their interfaces.
func unguarded(sources []source) []offence {
	found, plugins := []offence{}, map[string]string{}
	for _, s := range sources {
		if name, rest := provider(s.dir); name != "" && rest == "" && name != sandbox &&
			!s.test {
			plugins[name] += s.text
		}
	}

	for _, name := range slices.Sorted(maps.Keys(plugins)) {
		var held []string
		for _, m := range guard.FindAllStringSubmatch(plugins[name], -1) {
			held = append(held, m[1])
		}

		for _, m := range method.FindAllStringSubmatch(plugins[name], -1) {
			if of := verbs[m[1]]; of != "" && !slices.Contains(held, of) {
				found = append(
					found,
					offence{
						"plugins/" + name,
						"does not guard " + m[1] + " with _ sdk." + of + " = (*provider)(nil)",
						"a verb with another signature compiles and is no verb: the guard says so where it is written",
					},
				)
			}
		}
	}

	return found
}

func TestVerbsAreGuarded(t *testing.T) { check(t, unguarded) }

func TestVerbsAreGuardedBites(t *testing.T) {
	const verb = "package main\n\nfunc (p *provider) GetPayout() {}\n"
	for _, c := range []struct {
		text string
		bad  bool
	}{
		{verb, true},
		{verb + "\nvar _ sdk.PayoutGetter = (*provider)(nil)\n", false},
		{verb + "\nvar (\n\t_ sdk.Provider     = (*provider)(nil)\n\t_ sdk.PayoutGetter = (*provider)(nil)\n)\n", false},
		{verb + "\nvar _ sdk.PayoutCreator = (*provider)(nil)\n", true},
		{strings.Replace(verb, "GetPayout", "helper", 1), false},
	} {
		found := unguarded(tree(t, map[string]string{"plugins/acme/provider.go": c.text}))
		if (len(found) == 1) != c.bad {
			t.Errorf("%s: %v", c.text, found)
		}
	}
}
