// Package conformance holds a plugin to the contract. It is for what starts
// plugins: package providertest in a Go test, "payhost plugin test" for a
// program.
//
// The plugin speaks HTTP to a simulator, which plays the provider's API as its
// document describes it. The kit stands between the two: it counts requests,
// holds them, and breaks the answers. Every case enforces one sentence of the
// contract and quotes it when it fails. The plugin's declared capabilities
// decide which cases run; a capability is not excused from its cases.
//
// Package control has what the kit asks of a simulator, and packages sim,
// ledger and fault are what simulators are made of. CASES.md lists the cases.
package conformance
