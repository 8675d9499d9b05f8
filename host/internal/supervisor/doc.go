// Package supervisor runs the configured accounts.
//
// A Supervisor holds one account for every provider of the configuration. An
// account is served by an instance: one plugin program, of one version and
// checksum, in one process that all its accounts share. A goroutine of each
// instance replaces the process when it dies or stops answering. To call a
// provider, the caller acquires a Lease, which pins the call to one process and
// one configuration of the account, and releases it when done: a process is not
// stopped while it is leased, unless its drain time runs out.
//
// Every call passes one chain of wrappers (chain.go), and every error
// is an *sdk.Error whose outcome says whether the provider may have acted. A
// call that this package turns away itself is OutcomeNotSent; a process that
// ends during a call leaves OutcomeUnknown.
//
// reload.go tells how an account comes to its configuration, supervise.go how a
// process is kept alive, and drain.go how an account goes out of service.
package supervisor
