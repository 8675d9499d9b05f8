// Package providerhttp is the HTTP client with which a plugin calls its
// provider's API. All that plugins need of such a client is here, so that a
// plugin holds nothing but its provider's own protocol:
//
//   - An error says whether the request was sent, by what happened on the
//     connection: before its first byte was written (no such host, refused, bad
//     certificate, too late) it is sdk.OutcomeNotSent, after it
//     sdk.OutcomeUnknown. No first byte is written once the call's deadline has
//     passed or its context is over.
//   - A request that can move money is sent once. net/http sends some requests
//     again when a reused connection closes: those with an Idempotency-Key
//     header, and those with an empty body of which nothing was written. Here
//     every request that moves money, and every one that is not a GET or HEAD,
//     has a connection of its own, where it never does.
//   - Limits: time, size of the answer and of its headers. A redirect is an
//     error, since following one turns a POST into a GET. HTTP/1.1 only, so that
//     a connection carries one request at a time.
//   - TLS is verified against the system's roots, version 1.2 or later. No proxy
//     is used, also when the environment names one: the host gives plugins a
//     scrubbed environment, and decides what a plugin may reach.
//   - Each exchange is recorded with sdk.RecordExchange and logged at debug
//     level, without secrets.
//   - Anything that came instead of an answer (HTML, nothing, half of it) is
//     never read as an answer: see Response.DecodeJSON.
//
// Text, Amount and FlexibleString read the fields that providers send now in
// one form and now in another, Fields a webhook in any form, and
// Response.Redirect the answer that most new payments get. Client.HTTPClient is
// for a provider's official SDK.
package providerhttp
