// Command plugin is a provider for the tests of serve.Provider: its payments' descriptions say what it is to do.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"syscall"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/serve"
)

// early refers to standard output before serve.Provider has taken it away, as a logger in a library might.
var early = os.Stdout

type config struct {
	sdk.Endpoint
	Key sdk.Secret `config:"key,required"`
}

type provider struct {
	cfg config
	rt  sdk.Runtime
}

func main() { serve.Provider(newProvider) }

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	rt.Logger.Info("built", "environment", cfg.Environment, "leak", cfg.Key.Reveal())
	return &provider{cfg: cfg, rt: rt}, nil
}

func (*provider) Info() sdk.Info {
	fmt.Println("Info was asked") // must reach the log and not the handshake
	return sdk.Info{Name: "plugin", Version: "1.2.3", Description: "A provider for tests."}
}

// CreatePayment does what the description says.
func (p *provider) CreatePayment(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	switch req.Description {
	case "print":
		fmt.Println("println", p.cfg.Key.Reveal())
		fmt.Fprintln(os.Stderr, "stderr", p.cfg.Key.Reveal())
		fmt.Fprintln(early, "early", p.cfg.Key.Reveal())
		log.Println("log", p.cfg.Key.Reveal())
		_, _ = syscall.Write(1, []byte("descriptor\n"))
	case "long":
		fmt.Println(strings.Repeat("x", 1<<20))
	case "panic":
		panic("no " + p.cfg.Key.Reveal())
	case "exit":
		os.Exit(3)
	}
	return &sdk.Payment{Status: sdk.PaymentProcessing, ProviderReference: "ref-1"}, nil
}

// Close says goodbye.
func (p *provider) Close() error {
	fmt.Println("closed")
	return nil
}

// InvokeOperation gives back its input.
func (*provider) InvokeOperation(_ context.Context, req sdk.InvokeOperationRequest) (json.RawMessage, error) {
	return req.Input, nil
}
