package sdk

// Provider is what every plugin's provider type implements. It says what it can
// do by implementing the small interfaces beside their requests as well:
// PaymentCreator, PaymentGetter, PayoutCreator, WebhookParser and so on, each a
// verb of the contract.
//
// A provider value serves one account. All its methods may be called at any
// time, any number of them at once, until the account is closed: if the value
// is an io.Closer, Close is called once, after the last call.
//
// Every verb keeps these rules:
//
//   - The context ends with the call's deadline. No request to the provider may
//     start after that: see InTime.
//   - A verb makes each request to the provider once. The host decides what is
//     called again, from what Info declares.
//   - An error is an *Error whose Outcome says whether the provider may have
//     acted. Any other error, and a panic, is CodeInternal with OutcomeUnknown.
//   - An answer is nil only beside an error.
//   - No answer, error or log line may show a secret. The SDK masks configured
//     ones.
//
// The SDK has checked a request before a verb is called: references and keys
// have their form, the amount of a create is more than zero, of a currency of
// the account and within the declared limits, and a list is asked for in a way
// that is declared. A check that needs the provider's own knowledge is the verb's to
// check, with NotSent, Invalid or Violations.
type Provider interface {
	// Info returns what the plugin is and declares. It is also called on the zero
	// value of the provider type (a nil pointer), before any account is
	// configured: it must not read its receiver, asks nobody, and always returns
	// the same.
	Info() Info
}

// AccountDescriber is implemented by providers whose accounts differ in what
// they can do.
type AccountDescriber interface {
	// DescribeAccount narrows Info for this account. It is called once, when the
	// account is configured, before any verb, and must not call the provider,
	// which may be away.
	DescribeAccount() AccountDescription
}

// CurrencyLearner is implemented by providers that learn while they are used of
// more currencies than are declared.
type CurrencyLearner interface {
	// TakesCurrency reports whether the account takes a currency that is not
	// declared, by what is known already. It is called before every create verb
	// with such an amount, by several goroutines, and must not call the provider.
	TakesCurrency(code string) bool
}

// AccountDescription narrows Info for one account.
type AccountDescription struct {
	// Without are the capabilities that this account's configuration turns off.
	Without []Capability
	// Currencies replaces Info.Currencies unless empty.
	Currencies []string
	// Warnings say what is allowed but odd in this configuration, for the operator
	// who checks it.
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
