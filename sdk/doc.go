// Package sdk is all that the author of a payment-provider plugin imports.
//
// A plugin is a program whose main calls Serve with a constructor:
//
//	func main() { sdk.Serve(newProvider) }
//
//	func newProvider(cfg config, rt sdk.Runtime) (*provider, error)
//
// The configuration type is inferred from the constructor: its struct tags say the keys, defaults, bounds and which
// values are secret or say who we are to the provider (see DecodeConfig). The provider type implements Provider and
// those of the small interfaces that it can: PaymentCreator, PaymentGetter, PayoutCreator, WebhookParser and so on.
//
// The SDK does what all plugins share: the handshake with the host, several accounts in one process, strict
// configuration, errors that say whether money may have moved, recovery from panics, masking of secrets, and a clean
// end. Package providerhttp is the client for the provider's API, signature holds digests and canonical forms, and
// providertest proves that a plugin keeps the contract.
package sdk
