// Package conformance has the cases that prove that a plugin keeps the contract, for whatever starts the plugin: package
// providertest in a Go test, "payhost plugin test" as a program.
//
// The plugin speaks HTTP to a simulator, which plays the provider's API as its document describes it. The kit stands
// between the two: it counts requests, holds them, and breaks what comes back. Every case enforces one sentence of the
// contract, and quotes it when it fails. Which cases run follows from what the plugin says that it can do; a capability
// is not excused from its cases.
//
// What a simulator must be able to do is in Simulator and the small interfaces beside it: Bookkeeper, Settler, Notifier,
// Returner, Requests. The kit says which of them it misses. A simulator in another process says and does the same over
// HTTP, as Control serves it and Dial reaches it.
package conformance
