package main

import (
	"context"
	"fmt"
	"os"
)

// The addresses and the token are those of the repository's config.toml, which
// is for the simulators only.
const (
	sandboxAddress = "127.0.0.1:9090"
	hostAddress    = "http://127.0.0.1:8080"
	token          = "payhost-sandbox-token"
)

// run starts everything on the repository's config.toml and waits for Ctrl-C.
func run(ctx context.Context) error {
	sandbox, _, err := startSandbox(ctx, sandboxAddress)
	if err != nil {
		return err
	}
	defer sandbox.stop()

	// The deferred stops run in reverse order: the host ends before the
	// simulators that it calls.
	host, err := start(
		"the host",
		os.Stderr,
		os.Stderr,
		"bin/payhost",
		"serve",
		"--config",
		"config.toml",
	)
	if err != nil {
		return err
	}
	defer host.stop()

	if err := waitReady(ctx, host, hostAddress); err != nil {
		return err
	}
	fmt.Printf(`
Payhost runs on simulated providers. Ctrl-C stops everything; only var/ is left behind.

  console   %[1]s/console/   (token: %[2]s)
  API       %[1]s/v1/
  its docs  %[1]s/docs

Paste this in another terminal to make a payment:

  curl -sS %[1]s/v1/payments -H 'Authorization: Bearer %[2]s' -H "Idempotency-Key: order-$(date +%%s)" -H 'Content-Type: application/json' -d '{"provider":"ptop","amount":"60.00","currency":"USD","merchant_reference":"order-47","description":"Sample"}'

Then open its next_action.url, pay there, and look:  bin/payhost payments list

`, hostAddress, token)

	select {
	case <-ctx.Done():
		fmt.Println("\nstopping …")
		return nil
	case <-host.done:
		return fmt.Errorf("the host ended: %w", host.err)
	case <-sandbox.done:
		return fmt.Errorf("the simulated providers ended: %w", sandbox.err)
	}
}
