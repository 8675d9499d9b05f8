package sdk

// Provider is what every plugin's provider type implements. What it can do beyond naming itself it says by
// implementing the small interfaces beside their requests: PaymentCreator, PaymentGetter, PayoutCreator,
// WebhookParser, … A provider value serves one account and must allow any number of calls at once.
type Provider interface {
	// Info is also called on the zero value of the provider type (a nil pointer), before any account is configured: it
	// must not read its receiver.
	Info() Info
}

// AccountDescriber is for providers whose accounts differ in what they can do. The SDK calls it once, when the account
// is configured.
type AccountDescriber interface {
	DescribeAccount() AccountDescription
}

// CurrencyLearner is for providers that tell, while they are being used, of more currencies than are declared. The SDK
// asks before a create verb with an amount in any other: true lets it pass. TakesCurrency says what is known already,
// and calls nobody.
type CurrencyLearner interface {
	TakesCurrency(code string) bool
}

// AccountDescription narrows Info for one account.
type AccountDescription struct {
	// Without are the capabilities that this account's configuration turns off.
	Without []Capability
	// Currencies replaces Info.Currencies unless empty.
	Currencies []string
	// Warnings are what is allowed but odd in this configuration, for people who check it.
	Warnings []string
}

// Capability is one thing that a plugin or an account can do.
type Capability string

// The capabilities, each with the interface that gives it.
const (
	CapabilityCheckHealth        Capability = "check_health"         // HealthChecker
	CapabilityListPaymentMethods Capability = "list_payment_methods" // MethodLister
	CapabilityCreatePayment      Capability = "create_payment"       // PaymentCreator
	CapabilityConfirmPayment     Capability = "confirm_payment"      // PaymentConfirmer
	CapabilityGetPayment         Capability = "get_payment"          // PaymentGetter
	CapabilityListPayments       Capability = "list_payments"        // PaymentLister
	CapabilityCapturePayment     Capability = "capture_payment"      // PaymentCapturer
	CapabilityCancelPayment      Capability = "cancel_payment"       // PaymentCanceler
	CapabilityCreateRefund       Capability = "create_refund"        // RefundCreator
	CapabilityGetRefund          Capability = "get_refund"           // RefundGetter
	CapabilityCreatePayout       Capability = "create_payout"        // PayoutCreator
	CapabilityGetPayout          Capability = "get_payout"           // PayoutGetter
	CapabilityListPayouts        Capability = "list_payouts"         // PayoutLister
	CapabilityGetBalances        Capability = "get_balances"         // BalanceGetter
	CapabilityParseWebhook       Capability = "parse_webhook"        // WebhookParser
	CapabilityParseReturn        Capability = "parse_return"         // ReturnParser
	CapabilityInvokeOperation    Capability = "invoke_operation"     // OperationInvoker
)
