// Package host runs payment providers as plugins and makes payments through them, each at most once.
//
//	cfg, err := host.LoadConfig("config.toml")
//	h, err := host.Open(ctx, cfg)
//	defer h.Close(ctx)
//
//	p, err := h.CreatePayment(ctx, host.PaymentRequest{
//		Provider: "acme", Amount: decimal.RequireFromString("60.00"), Currency: "USD",
//	}, host.IdempotencyKey("order-47"))
//
// An error means that nothing was recorded. Once a payment is recorded, CreatePayment gives it whatever became of the
// call: look at its Status and, when it failed or is in doubt, at its Failure. errors.As with *Error tells code, outcome
// and what the provider said.
//
// The host's handlers can be mounted in a service's own mux, or Handler used whole:
//
//	mux.Handle("/webhooks/", h.WebhookHandler())
//	mux.Handle("/return/", h.ReturnHandler())
//	mux.Handle("/v1/", h.APIHandler())
//
// Nothing is global: two hosts can live in one process.
package host
