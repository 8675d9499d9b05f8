// Package hosttest opens a host for the tests of services that embed one: on a
// store of its own, with providers that do what the test says, and without any
// other process. Everything else is real: the calls go over the contract,
// through the chain around a call, into SQLite.
//
//	shop := hosttest.NewProvider("acme")
//	h := hosttest.New(t, shop)
//	shop.On(sdk.CapabilityCreatePayment, hosttest.Lose())
//
//	p, err := h.CreatePayment(ctx, …)      // p.Status is "unknown": was it made?
//	p, err = h.RefreshPayment(ctx, p.ID)   // the provider says that it was
//
// A provider keeps what it has been asked for, as a real one does: a later
// status query, a webhook or recovery finds what a create made.
//
// Start takes a host's Config as well, and providers of your own:
//
//	h := hosttest.Start(t, hosttest.Setup{
//		Config:  &host.Config{Providers: []config.Provider{{Name: "shop", Plugin: "acme", Enabled: true, Config: …}}},
//		Plugins: []*hosttest.Plugin{hosttest.NewPlugin(newProvider)}, // the constructor in acme's main
//	})
package hosttest
