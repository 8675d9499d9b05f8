// Package simulation tells stories about hosts, providers, merchants, operators
// and customers, and judges how they end. Several hosts' cores share one real
// store; every crossing between them and the outside (a transaction, a call to
// a provider, a request, a webhook, a clock's tick) is a gate at which the
// story may stop, delay, lose, repeat, freeze or kill. Time is simulated, one
// seed decides everything, and a seed that ends badly is cut down to the few
// events that matter and told in sentences.
//
// Some are part of the tests; `make simulate` tells any number.
package simulation
