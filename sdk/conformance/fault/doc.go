// Package fault breaks what a simulator answers and sends, on demand.
//
// A simulator serves its provider's API through Injector.Wrap and mounts the
// control handler beside it:
//
//	mux.Handle("/_simulator/faults", faults.Handler())
//	mux.Handle("/", faults.Wrap(api))
//
// Faults are then added from Go with Injector.Add, or from anywhere with
//
//	curl -d '{"kind":"lost_response","path":"/api/payment","times":1}' http://…/_simulator/faults
//
// The handlers need a real connection under them, as net/http and httptest
// servers give them: a response recorder cannot be reset.
package fault
