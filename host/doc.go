// Package host runs payment providers as plugins and makes payments through
// them, each at most once. The examples show how a service embeds a host: Open
// it, call CreatePayment under an IdempotencyKey, follow Events, mount its
// handlers.
//
// An error with outcome not_sent means that nothing was recorded; with any other,
// repeat the call under the same key. Once a payment is recorded, CreatePayment
// returns it whatever became of the call: look at its Status and,
// when it failed or is in doubt, at its Failure. Every error of a call is an
// *Error, which tells the code, the outcome and what the provider said.
//
// A Host can do all that the HTTP API can. Its types are those of package
// payment, which are the JSON of the API as well. Handler serves the whole API;
// its parts can be mounted in a service's own mux: WebhookHandler,
// ReturnHandler, APIHandler.
//
// Nothing is global: two hosts can live in one process.
package host
