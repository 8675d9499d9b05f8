package core_test

import (
	"context"
	"github.com/payhost/payhost/host/internal/coretest"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

const (
	oldSecret = "an old secret of thirty-two bytes"
	newSecret = "a new secret of thirty-two bytes!"
)

func keyStates(keys []payment.TokenKey) string {
	var states []string
	for _, key := range keys {
		state := key.ID + " " + string(key.State)
		if key.Sealed {
			state += " sealed"
		}
		states = append(states, state)
	}
	return strings.Join(states, ", ")
}

// A key is rotated while two hosts run: the one that did not do it takes the
// new key over, says so when it lacks its secret, and creates nothing that
// others would refuse; the former key is ended when nothing needs it.
func TestATokenKeyIsRotatedAndEnded(t *testing.T) {
	r := newRig(t)
	r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{
			ProviderReference: "T-1",
			Status:            sdk.PaymentRequiresAction,
		}, nil
	}

	rotating := r.HostWith(t, core.Options{TokenSecrets: []string{newSecret}})
	knowing := r.HostWith(t, core.Options{TokenSecrets: []string{oldSecret, newSecret}})
	before := r.Tokens().Mint(token.Account, "acme")

	keys, err := rotating.RotateTokenKey(t.Context(), "ann", "a backup was lost")
	if (err != nil) || (keyStates(keys) != "k2 coming sealed, k1 in_force") ||
		(keys[0].By != "operator ann") {
		t.Fatalf("%+v, %v", keys, err)
	}

	_, err = rotating.RotateTokenKey(t.Context(), "ann", "once more")
	if coretest.Problem(t, err).Code != payment.CodeConflict {
		t.Errorf("a second key before the first is in force: %v", err)
	}
	_, err = rotating.EndTokenKey(t.Context(), "k1", "ann", "too early")
	if coretest.Problem(t, err).Code != payment.CodeConflict {
		t.Errorf("the key in force can be ended: %v", err)
	}

	r.Clock.Add(time.Minute)
	for _, host := range []*coretest.Node{r.Node, rotating, knowing} {
		if err := host.RefreshTokenKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	if _, ok := knowing.Tokens().Check(token.Account, rotating.Tokens().Mint(token.Account, "acme")); !ok {
		t.Error("a host with the secret in its list refuses what the other signed")
	}
	if _, ok := rotating.Tokens().Check(token.Account, before); !ok {
		t.Error("the account's former URL is refused before its key is ended")
	}

	_, _, err = r.CreatePayment(t.Context(), coretest.Request(), "k")
	if e := coretest.Problem(t, err); (e.Outcome != sdk.OutcomeNotSent) ||
		!strings.Contains(e.Message, "host.token_secret") {
		t.Errorf("a host without the secret creates: %v", err)
	}

	if _, _, err = rotating.CreatePayment(t.Context(), coretest.Request(), "k"); err != nil {
		t.Error(err)
	}

	keys, err = knowing.EndTokenKey(t.Context(), "k1", "ben", "no payment of it is open")
	if (err != nil) || (keyStates(keys) != "k2 in_force sealed, k1 ended") ||
		(keys[1].EndedBy != "operator ben") {
		t.Errorf("%+v, %v", keys, err)
	}

	if again, err := knowing.EndTokenKey(t.Context(), "k1", "ann", "told twice"); (err != nil) ||
		(again[1].EndedBy != "operator ben") {
		t.Errorf("told twice: %+v, %v", again, err)
	}

	_, err = knowing.EndTokenKey(t.Context(), "k9", "ann", "no such key")
	if coretest.Problem(t, err).Code != string(sdk.CodeNotFound) {
		t.Errorf("an unknown key: %v", err)
	}
	if err := rotating.RefreshTokenKeys(t.Context()); err != nil {
		t.Fatal(err)
	}

	if _, ok := rotating.Tokens().Check(token.Account, before); ok {
		t.Error("the account's former URL is taken after its key has ended")
	}
}

// A new database begins with a sealed key where there is a secret, one of an
// earlier version goes on with its own, and a host that cannot open the key in
// force does not start.
func TestTheFirstTokenKey(t *testing.T) {
	r := newRig(t)
	if keys, err := r.TokenKeys(t.Context()); (err != nil) ||
		(keyStates(keys) != "k1 in_force") {
		t.Errorf("%+v, %v", keys, err)
	}

	sealed := newRig(t)
	err := sealed.Store.Write(t.Context(), func(tx *store.Tx) error {
		records := []token.Record{token.NewRecord("k1", newSecret, time.Time{})}
		return tx.SetSetting(t.Context(), "token_keys", token.EncodeRecords(records))
	})
	if err != nil {
		t.Fatal(err)
	}

	sealed.HostWith(t, core.Options{TokenSecrets: []string{oldSecret, newSecret}})
	for _, secrets := range [][]string{nil, {oldSecret}} {
		_, err := core.New(
			t.Context(),
			core.Options{Store: sealed.Store, TokenSecrets: secrets, Now: sealed.Clock.Now},
		)
		if (err == nil) || !strings.Contains(err.Error(), "host.token_secret") {
			t.Errorf("with the secrets %d the host starts: %v", len(secrets), err)
		}
	}

	earlier := newRig(t)
	key := strings.Repeat("ab", 32)
	earlier.sql(t, "DELETE FROM settings WHERE name = 'token_keys'")
	err = earlier.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.SetSetting(t.Context(), "token_key", key)
	})
	if err != nil {
		t.Fatal(err)
	}

	want, err := token.NewRing([]token.Record{{ID: "k1", Stored: key}}, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	again := earlier.HostWith(t, core.Options{TokenSecrets: []string{newSecret}})
	if got := again.Tokens().Mint(token.Webhook, "pay_1"); got != want.Mint(
		token.Webhook,
		"pay_1",
	) {
		t.Error("the key of an earlier version was not taken over")
	}
}

// Intents' ids tell when they were made: by that the key of their URLs is
// found.
func TestTheTimeInAnIDChoosesTheKey(t *testing.T) {
	records := []token.Record{
		token.NewRecord("k1", "", time.Time{}),
		token.NewRecord("k2", "", time.Now().Add(-time.Hour)),
	}
	both, err := token.NewRing(records, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}

	former, err := token.NewRing(records[:1], nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}

	id := core.NewID("pay")
	if _, ok := both.Check(token.Webhook, former.Mint(token.Webhook, id)); ok {
		t.Error("a key that was given up an hour before signs for a payment of now")
	}
	if _, ok := both.Check(token.Webhook, both.Mint(token.Webhook, id)); !ok {
		t.Error("the payment's own token is refused")
	}
}

// A create in doubt is sent again with the URLs that it was sent with: by a
// host that can sign them.
func TestAHostWithoutTheSecretRepeatsNoCreate(t *testing.T) {
	r := newRig(t)
	r.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal}
	var urls []string
	r.Account.Create = func(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		urls = append(urls, req.NotifyURL)
		if len(urls) == 1 {
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
		return &sdk.Payment{
			ProviderReference: "T-1",
			Status:            sdk.PaymentRequiresAction,
		}, nil
	}

	rotating := r.HostWith(t, core.Options{TokenSecrets: []string{newSecret}})
	if _, err := rotating.RotateTokenKey(t.Context(), "ann", "a backup was lost"); err != nil {
		t.Fatal(err)
	}
	r.Clock.Add(time.Minute)

	for _, host := range []*coretest.Node{r.Node, rotating} {
		if err := host.RefreshTokenKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	if _, _, err := rotating.CreatePayment(t.Context(), coretest.Request(), "k"); err != nil {
		t.Fatal(err)
	}

	for _, host := range []*coretest.Node{r.Node, rotating} {
		r.Clock.Add(time.Minute)
		coretest.RecoverAt(t, host)
	}

	if len(urls) != 2 || urls[0] != urls[1] {
		t.Errorf("it was sent with the URLs %q", urls)
	}
}
