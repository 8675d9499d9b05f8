// Package simulation plays stories of hosts, providers, merchants, operators
// and customers, and judges how they end. The cores of several hosts share one
// real store. Every crossing between them and the outside (a transaction, a
// call to a provider, a request, a webhook, a tick of the clock) is a gate at
// which the story may stop, delay, lose, repeat, freeze or kill. Time is
// simulated, and one seed decides everything. A story that ends badly is
// reduced to the few events that matter, and printed in sentences.
//
// Some stories are part of the tests; `make simulate` plays any number.
package simulation
