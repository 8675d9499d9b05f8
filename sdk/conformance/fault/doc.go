// Package fault is what the simulators of providers share: an Injector, which breaks their HTTP answers on demand, and
// Books, which say who was asked for money and who was paid.
//
// A simulator serves its provider's API through Injector.Wrap and mounts the two control handlers beside it:
//
//	mux.Handle("/_simulator/faults", faults.Handler())
//	mux.Handle("/_simulator/books", books.Handler())
//	mux.Handle("/", faults.Wrap(api))
//
// Faults are then added from Go with Injector.Add, or from anywhere with
//
//	curl -d '{"kind":"lost_response","path":"/api/payment","times":1}' http://…/_simulator/faults
//
// The handlers need a real connection under them, as net/http and httptest servers give them: a response recorder
// cannot be reset.
package fault
