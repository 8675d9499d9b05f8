// Package provider runs the configured accounts.
//
// A Registry holds one account for every provider of the configuration. An account is served by a unit: one plugin
// program, of one version and checksum, in one process that all its accounts share. The unit's supervisor replaces the
// process when it dies or stops answering. Whoever wants to call a provider acquires a Lease, which pins the call to one
// process and one configuration of the account, and releases it when done: a process is not stopped while it is leased,
// unless its drain time runs out.
//
// Every call passes one chain of wrappers (wrap in chain.go), and every error is an *sdk.Error whose outcome says whether
// the provider may have acted. What this package turns away itself is OutcomeNotSent; a process that ends during a call
// gives OutcomeUnknown.
package provider
