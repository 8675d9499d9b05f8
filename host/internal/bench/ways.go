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
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/shopspring/decimal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

const account = "bench"

// callTimeout bounds one call.
const callTimeout = 15 * time.Second

var accountConfig = json.RawMessage(`{"environment":"sandbox"}`)

// way is one way to call the same plugin code in another process.
type way struct {
	name  string
	call  func(context.Context) error
	close func()
}

// The ways that openWays returns, by their index.
const (
	wayRaw = iota
	wayBare
	wayHost
)

// openers open the ways: raw gRPC, bare go-plugin with AutoMTLS, and the host's
// whole chain.
var openers = []func(ctx context.Context, dir string) (way, error){
	wayRaw:  openRaw,
	wayBare: openBare,
	wayHost: openHost,
}

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

// openWays opens all ways. The caller must call closeAll.
func openWays(ctx context.Context, dir string) (ways []way, closeAll func(), err error) {
	closeAll = func() {
		for _, opened := range ways {
			opened.close()
		}
	}

	for _, open := range openers {
		opened, err := open(ctx, dir)
		if err != nil {
			closeAll()
			return nil, nil, err
		}

		ways = append(ways, opened)
	}

	return ways, closeAll, nil
}

func openRaw(ctx context.Context, dir string) (way, error) {
	self, err := os.Executable()
	if err != nil {
		return way{}, err
	}
	socket := filepath.Join(dir, "raw.sock")
	cmd := exec.Command(self, rawServer, socket)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return way{}, err
	}

	end := func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}

	conn, err := grpc.NewClient("unix:"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		end()
		return way{}, err
	}

	closeBoth := func() {
		_ = conn.Close()
		end()
	}

	// The raw server does not say when it listens: configure tries until it
	// does.
	contract := client.New(conn)
	if err := configure(ctx, contract); err != nil {
		closeBoth()
		return way{}, err
	}

	return way{"raw gRPC on a unix socket", callOn(contract), closeBoth}, nil
}

// configure configures the account, and waits for a server that is just
// starting.
func configure(ctx context.Context, contract *client.Client) error {
	for {
		_, err := contract.Configure(ctx, account, accountConfig)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func openBare(ctx context.Context, _ string) (way, error) {
	self, err := os.Executable()
	if err != nil {
		return way{}, err
	}
	started := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  client.Handshake,
		VersionedPlugins: client.VersionedPlugins(),
		Cmd:              exec.Command(self),
		AutoMTLS:         true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})

	contract, err := dispense(started)
	if err == nil {
		_, err = contract.Configure(ctx, account, accountConfig)
	}
	if err != nil {
		started.Kill()
		return way{}, err
	}

	return way{"bare go-plugin, AutoMTLS", callOn(contract), started.Kill}, nil
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

func openHost(ctx context.Context, dir string) (way, error) {
	plugins, err := openSupervisor(ctx, filepath.Join(dir, "host"))
	if err != nil {
		return way{}, err
	}
	payment := request()
	call := func(ctx context.Context) error {
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

	end := func() { _ = plugins.Close(context.Background()) }
	return way{"the host's whole chain", call, end}, nil
}

// openSupervisor starts the plugin as a host does.
func openSupervisor(ctx context.Context, dir string) (*supervisor.Supervisor, error) {
	cfg, folder, err := settings(dir)
	if err != nil {
		return nil, err
	}
	plugins := supervisor.New(supervisor.Options{
		PluginDir: folder,
		DataDir:   filepath.Join(dir, "data"),
	})
	if err := applied(plugins.Apply(ctx, []config.Provider{cfg})); err != nil {
		return nil, errors.Join(err, plugins.Close(ctx))
	}

	return plugins, nil
}

// settings puts a copy of this program where a host looks for plugins.
func settings(dir string) (cfg config.Provider, plugins string, err error) {
	plugins = filepath.Join(dir, "plugins")
	if err := copySelf(plugins); err != nil {
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

// copySelf copies this program into a folder, as the plugin of the account.
func copySelf(folder string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	program, err := os.ReadFile(self)
	if err != nil {
		return err
	}

	// A copy, since some measurements change the program.
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	path := filepath.Join(folder, account)

	return os.WriteFile(path, program, 0o700) //nolint:gosec // it is a program
}
