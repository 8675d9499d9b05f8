// Package providertest proves in a Go test that a plugin keeps the contract. A
// plugin's whole conformance test is one call:
//
//	func TestConformance(t *testing.T) {
//		sim := simulator.New()
//		providertest.Run(t, newProvider, sim.Config, sim)
//	}
//
// Run speaks to the provider as a host does: through the SDK's server, gRPC
// over a Unix socket and the SDK's client. The cases, and what the simulator
// must be able to do for them, are package conformance's; "payhost plugin test"
// runs the same ones on a plugin's program, whatever it is written in.
//
// Replay makes a call again that was recorded against the real provider, and
// fails when the plugin's wire has changed.
package providertest
