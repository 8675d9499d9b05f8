package serve

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// optional are the interfaces that a provider may implement, by the only method
// that each has.
var optional = map[string]reflect.Type{
	"CheckHealth":        reflect.TypeFor[sdk.HealthChecker](),
	"ListPaymentMethods": reflect.TypeFor[sdk.MethodLister](),
	"CreatePayment":      reflect.TypeFor[sdk.PaymentCreator](),
	"ConfirmPayment":     reflect.TypeFor[sdk.PaymentConfirmer](),
	"GetPayment":         reflect.TypeFor[sdk.PaymentGetter](),
	"ListPayments":       reflect.TypeFor[sdk.PaymentLister](),
	"CapturePayment":     reflect.TypeFor[sdk.PaymentCapturer](),
	"CancelPayment":      reflect.TypeFor[sdk.PaymentCanceler](),
	"CreateRefund":       reflect.TypeFor[sdk.RefundCreator](),
	"GetRefund":          reflect.TypeFor[sdk.RefundGetter](),
	"CreatePayout":       reflect.TypeFor[sdk.PayoutCreator](),
	"GetPayout":          reflect.TypeFor[sdk.PayoutGetter](),
	"ListPayouts":        reflect.TypeFor[sdk.PayoutLister](),
	"GetBalances":        reflect.TypeFor[sdk.BalanceGetter](),
	"ParseWebhook":       reflect.TypeFor[sdk.WebhookParser](),
	"ParseReturn":        reflect.TypeFor[sdk.ReturnParser](),
	"InvokeOperation":    reflect.TypeFor[sdk.OperationInvoker](),
	"DescribeAccount":    reflect.TypeFor[sdk.AccountDescriber](),
	"TakesCurrency":      reflect.TypeFor[sdk.CurrencyLearner](),
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
