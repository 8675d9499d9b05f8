package serve

import "github.com/payhost/payhost/sdk"

// capabilitiesOf derives what p can do from what it implements. p may be the zero value of a provider type.
func capabilitiesOf(p sdk.Provider) []sdk.Capability {
	var out []sdk.Capability
	add := func(has bool, c sdk.Capability) {
		if has {
			out = append(out, c)
		}
	}
	add(is[sdk.HealthChecker](p), sdk.CapabilityCheckHealth)
	add(is[sdk.MethodLister](p), sdk.CapabilityListPaymentMethods)
	add(is[sdk.PaymentCreator](p), sdk.CapabilityCreatePayment)
	add(is[sdk.PaymentConfirmer](p), sdk.CapabilityConfirmPayment)
	add(is[sdk.PaymentGetter](p), sdk.CapabilityGetPayment)
	add(is[sdk.PaymentLister](p), sdk.CapabilityListPayments)
	add(is[sdk.PaymentCapturer](p), sdk.CapabilityCapturePayment)
	add(is[sdk.PaymentCanceler](p), sdk.CapabilityCancelPayment)
	add(is[sdk.RefundCreator](p), sdk.CapabilityCreateRefund)
	add(is[sdk.RefundGetter](p), sdk.CapabilityGetRefund)
	add(is[sdk.PayoutCreator](p), sdk.CapabilityCreatePayout)
	add(is[sdk.PayoutGetter](p), sdk.CapabilityGetPayout)
	add(is[sdk.PayoutLister](p), sdk.CapabilityListPayouts)
	add(is[sdk.BalanceGetter](p), sdk.CapabilityGetBalances)
	add(is[sdk.WebhookParser](p), sdk.CapabilityParseWebhook)
	add(is[sdk.ReturnParser](p), sdk.CapabilityParseReturn)
	add(is[sdk.OperationInvoker](p), sdk.CapabilityInvokeOperation)
	return out
}

func is[T any](p sdk.Provider) bool {
	_, ok := p.(T)
	return ok
}
