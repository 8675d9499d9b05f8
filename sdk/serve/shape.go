package serve

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// optional are the interfaces that a provider may implement, each of one
// method, with the capability that it gives, if any.
var optional = []struct {
	capability sdk.Capability
	of         reflect.Type
}{
	{sdk.CapabilityCheckHealth, reflect.TypeFor[sdk.HealthChecker]()},
	{sdk.CapabilityListPaymentMethods, reflect.TypeFor[sdk.MethodLister]()},
	{sdk.CapabilityCreatePayment, reflect.TypeFor[sdk.PaymentCreator]()},
	{sdk.CapabilityConfirmPayment, reflect.TypeFor[sdk.PaymentConfirmer]()},
	{sdk.CapabilityGetPayment, reflect.TypeFor[sdk.PaymentGetter]()},
	{sdk.CapabilityListPayments, reflect.TypeFor[sdk.PaymentLister]()},
	{sdk.CapabilityCapturePayment, reflect.TypeFor[sdk.PaymentCapturer]()},
	{sdk.CapabilityCancelPayment, reflect.TypeFor[sdk.PaymentCanceler]()},
	{sdk.CapabilityCreateRefund, reflect.TypeFor[sdk.RefundCreator]()},
	{sdk.CapabilityGetRefund, reflect.TypeFor[sdk.RefundGetter]()},
	{sdk.CapabilityCreatePayout, reflect.TypeFor[sdk.PayoutCreator]()},
	{sdk.CapabilityGetPayout, reflect.TypeFor[sdk.PayoutGetter]()},
	{sdk.CapabilityListPayouts, reflect.TypeFor[sdk.PayoutLister]()},
	{sdk.CapabilityGetBalances, reflect.TypeFor[sdk.BalanceGetter]()},
	{sdk.CapabilityParseWebhook, reflect.TypeFor[sdk.WebhookParser]()},
	{sdk.CapabilityParseReturn, reflect.TypeFor[sdk.ReturnParser]()},
	{sdk.CapabilityInvokeOperation, reflect.TypeFor[sdk.OperationInvoker]()},
	{"", reflect.TypeFor[sdk.AccountDescriber]()},
	{"", reflect.TypeFor[sdk.CurrencyLearner]()},
	{"", reflect.TypeFor[io.Closer]()},
}

// capabilitiesOf returns what a provider's type can do: what it implements.
func capabilitiesOf(provider reflect.Type) []sdk.Capability {
	var able []sdk.Capability
	for _, offer := range optional {
		if (offer.capability != "") && provider.Implements(offer.of) {
			able = append(able, offer.capability)
		}
	}
	return able
}

// checkShape refuses a provider's type with a method that is called like one of
// the contract's and is not it: the capability would be missing, and nothing
// else would tell. Another signature is such a case, another case of letters,
// and a method of *P where the constructor returns P.
func checkShape(provider reflect.Type) error {
	all := provider // with the methods of the pointer
	if provider.Kind() != reflect.Pointer {
		all = reflect.PointerTo(provider)
	}

	for i := range all.NumMethod() {
		method := all.Method(i)
		for _, offer := range optional {
			want := offer.of.Method(0)
			if !strings.EqualFold(method.Name, want.Name) || provider.Implements(offer.of) {
				continue
			}
			has := reflect.Zero(all).Method(i).Type() // without the receiver
			return fmt.Errorf("sdk: %s has a method %s%s, which is not the one of %s: "+
				"it must be %s%s, with a receiver of the type that the constructor returns",
				provider, method.Name, signature(has), offer.of,
				want.Name, signature(want.Type))
		}
	}
	return nil
}

// signature returns a method's parameters and results.
func signature(method reflect.Type) string {
	return strings.TrimPrefix(method.String(), "func")
}
