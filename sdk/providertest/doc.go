// Package providertest holds a plugin to the contract in a Go test. A plugin's
// whole conformance test is one call:
//
//	func TestConformance(t *testing.T) {
//		sim := simulator.New()
//		providertest.Run(t, newProvider, sim.Config, sim)
//	}
//
// Run speaks to the provider as a host does: through the SDK's server, gRPC
// over a Unix socket and the SDK's client. Package conformance has the cases,
// and package control what the simulator must be able to do for them. "payhost
// plugin test" runs the same cases on a plugin's program, in whatever language
// it is written.
//
// Replay makes a call again that was recorded against the real provider, and
// fails when the plugin's requests or answers have changed.
package providertest
