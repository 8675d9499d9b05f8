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

var accountConfig = json.RawMessage(`{"environment":"sandbox"}`)

// way is one way to call the same plugin code in another process.
type way struct {
	name string
	call func(context.Context) error
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

// openWays opens raw gRPC, bare go-plugin with AutoMTLS, and the host's whole
// chain.
func openWays(ctx context.Context, dir string) (ways []way, closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for _, c := range closers {
			c()
		}
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()

	for _, open := range []func(context.Context, string) (way, func(), error){openRaw, openBare, openHost} {
		w, done, err := open(ctx, dir)
		if err != nil {
			return nil, nil, err
		}
		ways, closers = append(ways, w), append(closers, done)
	}

	return ways, closeAll, nil
}

func openRaw(ctx context.Context, dir string) (way, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return way{}, nil, err
	}
	socket := filepath.Join(dir, "raw.sock")
	cmd := exec.Command(self, rawServer, socket)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return way{}, nil, err
	}

	conn, err := grpc.NewClient(
		"unix:"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		return way{}, nil, err
	}

	done := func() {
		_ = conn.Close()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}

	contract := client.New(conn)
	for {
		if _, err = contract.Configure(ctx, account, accountConfig); err == nil ||
			!errors.Is(ctx.Err(), nil) {
			break
		}

		time.Sleep(20 * time.Millisecond) // the server is just starting
	}

	return wayOf("raw gRPC on a unix socket", contract), done, err
}

func openBare(ctx context.Context, _ string) (way, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return way{}, nil, err
	}
	c := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  client.Handshake,
		VersionedPlugins: client.VersionedPlugins(),
		Cmd:              exec.Command(self),
		AutoMTLS:         true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})

	rpc, err := c.Client()
	if err != nil {
		return way{}, nil, err
	}
	raw, err := rpc.Dispense(client.PluginName)
	if err != nil {
		return way{}, c.Kill, err
	}

	contract, ok := raw.(*client.Client)
	if !ok {
		return way{}, c.Kill, fmt.Errorf("dispensed a %T", raw)
	}
	_, err = contract.Configure(ctx, account, accountConfig)

	return wayOf("bare go-plugin, AutoMTLS", contract), c.Kill, err
}

func wayOf(name string, contract *client.Client) way {
	a, r := contract.Account(account), request()
	return way{name, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		_, err := a.CreatePayment(ctx, r)
		return err
	}}
}

func openHost(ctx context.Context, dir string) (way, func(), error) {
	r, err := openRegistry(ctx, filepath.Join(dir, "host"))
	if err != nil {
		return way{}, nil, err
	}
	req := request()

	return way{"the host's whole chain", func(ctx context.Context) error {
		l, err := r.Acquire(ctx, account)
		if err != nil {
			return err
		}
		defer l.Release()
		ctx, _ = sdk.WithExchangeLog(ctx)
		_, err = l.CreatePayment(ctx, req)
		return err
	}}, func() { _ = r.Close(context.Background()) }, nil
}

// openRegistry starts the plugin as a host does.
func openRegistry(ctx context.Context, dir string) (*supervisor.Supervisor, error) {
	p, plugins, err := settings(dir)
	if err != nil {
		return nil, err
	}

	r := supervisor.New(
		supervisor.Options{PluginDir: plugins, DataDir: filepath.Join(dir, "data")},
	)
	for _, result := range r.Apply(ctx, []config.Provider{p}) {
		if result.Error != nil {
			return nil, errors.Join(result.Error, r.Close(ctx))
		}
	}

	return r, nil
}

// settings puts a copy of this program where a host looks for plugins.
func settings(dir string) (p config.Provider, plugins string, err error) {
	plugins = filepath.Join(dir, "plugins")
	self, err := os.Executable()
	if err != nil {
		return p, "", err
	}

	program, err := os.ReadFile(self)
	if err != nil {
		return p, "", err
	}
	if err := os.MkdirAll(plugins, 0o700); err != nil {
		return p, "", err
	}

	if err := os.WriteFile(filepath.Join(plugins, account), program, 0o700); err != nil { //nolint:gosec // it is a program
		return p, "", err
	}

	return config.Provider{
		Name:          account,
		Plugin:        account,
		Enabled:       true,
		Timeout:       15 * time.Second,
		MaxInFlight:   256,
		DrainTimeout:  time.Second,
		PaymentTTL:    24 * time.Hour,
		SequenceStart: 1,
		Config:        accountConfig,
	}, plugins, nil
}
