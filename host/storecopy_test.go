package host_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/hosttest"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/sdk"
)

// A host goes on with a copy of its database: a key that was used stands for
// the payment of then, and the provider is not called again.
func TestAHostGoesOnWithACopyOfItsDatabase(t *testing.T) {
	ctx, folder := t.Context(), t.TempDir()
	from := "sqlite:" + filepath.Join(folder, "payhost.db")
	to := storetest.Postgres(t)
	shop := hosttest.NewProvider("shop")
	on := func(url string) *host.Config {
		return &host.Config{
			Host:  config.Host{DataDir: filepath.Join(folder, "var")},
			Store: config.Store{URL: sdk.NewSecret(url)},
		}
	}

	before := hosttest.Start(t, hosttest.Setup{
		Config: on(from), Providers: []*hosttest.Provider{shop},
	})
	paid, err := before.CreatePayment(ctx, request("shop"), host.IdempotencyKey("key-1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Copy(ctx, from, to, nil); err == nil {
		t.Error("it was copied under a running host")
	}
	if err := before.Close(context.WithoutCancel(ctx)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Copy(ctx, from, to, nil); err != nil {
		t.Fatal(err)
	}

	after := hosttest.Start(t, hosttest.Setup{
		Config: on(to), Providers: []*hosttest.Provider{shop},
	})
	again, err := after.CreatePayment(ctx, request("shop"), host.IdempotencyKey("key-1"))
	if err != nil || again.ID != paid.ID || again.ProviderReference != paid.ProviderReference {
		t.Errorf("the key stands for %+v (%v), and stood for %+v", again, err, paid)
	}
	next, err := after.CreatePayment(ctx, request("shop"), host.IdempotencyKey("key-2"))
	if err != nil || next.ID == paid.ID {
		t.Errorf("the next payment is %+v (%v)", next, err)
	}

	if _, err := host.Open(ctx, on(from)); !errors.Is(err, store.ErrMoved) {
		t.Errorf("the database that was left is opened: %v", err)
	}
}
