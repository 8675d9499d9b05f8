// Package providertest proves that a plugin keeps the contract. A plugin's whole conformance test is one call:
//
//	func TestConformance(t *testing.T) {
//		sim := simulator.New()
//		providertest.Run(t, newProvider, sim.Config, sim)
//	}
//
// Run speaks to the provider as a host does: through the SDK's server, gRPC over a Unix socket and the SDK's client.
// The provider in turn speaks HTTP to the simulator, which plays the provider's API as its document describes it, with
// faults on demand. Every case enforces one sentence of the contract, and quotes it when it fails. Which cases run
// follows from what the plugin says that it can do; a capability is not excused from its cases.
//
// What a simulator must be able to do is in Simulator and the small interfaces beside it: Bookkeeper, Settler, Notifier,
// Returner, Requests. The kit says which of them it misses.
package providertest
