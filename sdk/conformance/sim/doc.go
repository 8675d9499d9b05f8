// Package sim is what simulated providers share that is not a provider's
// protocol: a Core with the faults, the books and the control paths, the
// sending of webhooks, a page to pay on, and answers in JSON. A simulator
// embeds a Core and adds its provider's API:
//
//	type Simulator struct {
//		sim.Core
//		secret string
//	}
//
//	func New() *Simulator {
//		s := &Simulator{secret: "…"}
//		api := http.NewServeMux()
//		api.HandleFunc("POST /payments", s.createPayment)
//		s.Serve(api)
//		s.HandleFunc("GET /pay/{id}", s.showPage) // spared by the faults
//		return s
//	}
//
// A simulator has its own code for its provider's signatures: no test would
// find a mistake that it shared with its plugin.
package sim
