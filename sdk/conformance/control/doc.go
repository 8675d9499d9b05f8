// Package control is what the conformance kit does at a provider's side besides
// calling its API: it makes customers pay, asks for the webhooks that follow,
// and looks into the books.
//
// A simulator in Go offers that through the small interfaces of this package,
// which all are optional: Bookkeeper, Settler, Notifier, OddNotifier, Returner,
// Authenticator and Requests. The kit names the ones that it misses. A
// simulator in another process offers the same over HTTP, in the control
// protocol that docs/conformance.md describes: Handler serves it and Dial
// reaches it.
package control
