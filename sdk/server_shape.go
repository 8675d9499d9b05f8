package sdk

import (
	"fmt"
	"io"
	"reflect"
	"strings"
)

// optional are the interfaces that a provider may implement, by the only method
// that each has.
var optional = map[string]reflect.Type{
	"CheckHealth":        reflect.TypeFor[HealthChecker](),
	"ListPaymentMethods": reflect.TypeFor[MethodLister](),
	"CreatePayment":      reflect.TypeFor[PaymentCreator](),
	"ConfirmPayment":     reflect.TypeFor[PaymentConfirmer](),
	"GetPayment":         reflect.TypeFor[PaymentGetter](),
	"ListPayments":       reflect.TypeFor[PaymentLister](),
	"CapturePayment":     reflect.TypeFor[PaymentCapturer](),
	"CancelPayment":      reflect.TypeFor[PaymentCanceler](),
	"CreateRefund":       reflect.TypeFor[RefundCreator](),
	"GetRefund":          reflect.TypeFor[RefundGetter](),
	"CreatePayout":       reflect.TypeFor[PayoutCreator](),
	"GetPayout":          reflect.TypeFor[PayoutGetter](),
	"ListPayouts":        reflect.TypeFor[PayoutLister](),
	"GetBalances":        reflect.TypeFor[BalanceGetter](),
	"ParseWebhook":       reflect.TypeFor[WebhookParser](),
	"ParseReturn":        reflect.TypeFor[ReturnParser](),
	"InvokeOperation":    reflect.TypeFor[OperationInvoker](),
	"DescribeAccount":    reflect.TypeFor[AccountDescriber](),
	"TakesCurrency":      reflect.TypeFor[CurrencyLearner](),
	"Close":              reflect.TypeFor[io.Closer](),
}

// checkShape panics when a provider's type has a method that is called like one
// of the contract's and is not it: the capability would be missing, and nothing
// else would tell. That is so of another signature, of another case of letters,
// and of a method of *P where the constructor returns P.
func checkShape(provider reflect.Type) {
	with := provider
	if provider.Kind() != reflect.Pointer {
		with = reflect.PointerTo(provider)
	}

	for i := range with.NumMethod() {
		method := with.Method(i)
		for name, want := range optional {
			if strings.EqualFold(method.Name, name) && !provider.Implements(want) {
				panic(fmt.Sprintf("sdk: %s has a method %s, which is not the one of sdk.%s: it must be %s%s, "+
					"with a receiver of the type that the constructor returns",
					provider, method.Name, want.Name(), name, signatureOf(want)))
			}
		}
	}
}

// signatureOf returns what stands behind the name of an interface's only
// method.
func signatureOf(one reflect.Type) string {
	return strings.TrimPrefix(one.Method(0).Type.String(), "func")
}
