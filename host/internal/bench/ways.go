package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

const account = "bench"

// callTimeout bounds one call.
const callTimeout = 15 * time.Second

var accountConfig = json.RawMessage(`{"environment":"sandbox"}`)

// request is about 1 KB on the wire.
func request() sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference:      "pay_bench",
		IdempotencyKey: "k",
		Sequence:       1,
		Attempt:        1,
		Amount: sdk.Money{
			Amount:   decimal.RequireFromString("60.00"),
			Currency: "USD",
		},
		Description: strings.Repeat("x", 800),
	}
}

func openBare() (call func(context.Context) error, end func(), err error) {
	started := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  client.Handshake,
		VersionedPlugins: client.VersionedPlugins(),
		Cmd:              exec.Command(providerProgram()),
		AutoMTLS:         true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})

	contract, err := dispense(started)
	if err == nil {
		_, err = contract.Configure(context.Background(), account, accountConfig)
	}
	if err != nil {
		started.Kill()
		return nil, nil, err
	}

	return callOn(contract), started.Kill, nil
}

// dispense connects to a plugin that go-plugin starts.
func dispense(started *plugin.Client) (*client.Client, error) {
	protocol, err := started.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense(client.PluginName)
	if err != nil {
		return nil, err
	}

	contract, ok := raw.(*client.Client)
	if !ok {
		return nil, fmt.Errorf("dispensed a %T", raw)
	}

	return contract, nil
}

// callOn returns a call through a client, without a host.
func callOn(contract *client.Client) func(context.Context) error {
	provider := contract.Account(account)
	payment := request()
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		_, err := provider.CreatePayment(ctx, payment)
		return err
	}
}

// openHost opens the whole chain around a call, as the core makes it.
func openHost(ctx context.Context, dir string) (
	call func(context.Context) error,
	end func(),
	err error,
) {
	plugins, err := openSupervisor(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	payment := request()

	call = func(ctx context.Context) error {
		lease, err := plugins.Acquire(ctx, account)
		if err != nil {
			return err
		}
		defer lease.Release()
		// The core also has every call keep its exchanges.
		ctx, _ = sdk.WithExchangeLog(ctx)
		_, err = lease.CreatePayment(ctx, payment)
		return err
	}

	return call, func() { _ = plugins.Close(context.Background()) }, nil
}

// openSupervisor starts the plugin as a host does.
func openSupervisor(ctx context.Context, dir string) (*supervisor.Supervisor, error) {
	cfg, folder, err := settings(dir)
	if err != nil {
		return nil, err
	}
	return startSupervisor(ctx, dir, folder, cfg)
}

// startSupervisor starts the plugin that settings have put into a folder.
func startSupervisor(
	ctx context.Context,
	dir, folder string,
	cfg config.Provider,
) (*supervisor.Supervisor, error) {
	plugins := supervisor.New(supervisor.Options{
		PluginDir: folder,
		DataDir:   filepath.Join(dir, "data"),
	})
	if err := applied(plugins.Apply(ctx, []config.Provider{cfg})); err != nil {
		return nil, errors.Join(err, plugins.Close(ctx))
	}

	return plugins, nil
}

// settings puts a copy of the plugin where a host looks for plugins.
func settings(dir string) (cfg config.Provider, plugins string, err error) {
	plugins = filepath.Join(dir, "plugins")
	if err := copyProvider(plugins); err != nil {
		return cfg, "", err
	}

	// The bulkhead has room for every caller: no call waits for another.
	return config.Provider{
		Name:          account,
		Plugin:        account,
		Enabled:       true,
		Timeout:       callTimeout,
		MaxInFlight:   256,
		DrainTimeout:  time.Second,
		PaymentTTL:    24 * time.Hour,
		SequenceStart: 1,
		Config:        accountConfig,
	}, plugins, nil
}

// programs is the folder of this program, in which the plugin's is too.
var programs = filepath.Dir(os.Args[0])

func providerProgram() string { return filepath.Join(programs, "provider") }

// copyProvider copies the plugin's program into a folder, since some
// measurements change it.
func copyProvider(folder string) error {
	program, err := os.ReadFile(providerProgram())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	path := filepath.Join(folder, account)

	return os.WriteFile(path, program, 0o700) //nolint:gosec // it is a program
}
