package inbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

const tokenSecret = "a secret of the configuration, 32+ bytes"

// withSecrets returns the rig with a core and an inbox that have secrets in
// their configuration.
func (r *rig) withSecrets(t *testing.T, secrets ...string) *rig {
	t.Helper()
	accounts := coretest.NewAccounts(r.account, r.other)
	host, err := core.New(t.Context(), core.Options{
		Store:        r.store,
		Accounts:     accounts,
		PublicURL:    "http://host.example",
		TokenSecrets: secrets,
	})
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(host.Wait)
	in := inbox.New(
		inbox.Options{Store: r.store, Core: host, Accounts: accounts, Directory: accounts},
	)

	return &rig{Inbox: in, core: host, store: r.store, account: r.account, other: r.other}
}

// records reads the keys as whoever copied the database would.
func (r *rig) records(t *testing.T) []token.Record {
	t.Helper()
	var text string
	err := r.store.Get(t.Context(), func(tx *store.Tx) (err error) {
		text, err = tx.Setting(t.Context(), "token_keys")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	records, err := token.ParseRecords(text)
	if err != nil {
		t.Fatal(err)
	}

	return records
}

// A copy of the database makes no genuine address: a forged success at a
// provider whose webhooks are verified by their address alone changes nothing.
func TestACopyOfTheDatabaseForgesNoSuccess(t *testing.T) {
	r := newRig(t, sdk.TrustPaymentURL)
	setRecords(t, r, token.NewRecord("k1", tokenSecret, time.Time{}))
	sealed := r.withSecrets(t, tokenSecret)
	p := sealed.pay(t, "k")

	copied := r.records(t)
	copied[0].Seal = ""
	thief, err := token.NewRing(copied, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}

	forged := "/webhooks/acme/" + thief.Mint(token.Webhook, p.ID)
	success := coretest.JSONWebhook{
		Status:    "succeeded",
		Reference: p.ID,
		Amount:    "60",
		Currency:  "USD",
	}
	if got := sealed.send(forged, success); got.StatusCode != http.StatusNotFound {
		t.Errorf("the forged webhook is answered %d", got.StatusCode)
	}

	if status := sealed.status(t, p.ID); status != payment.RequiresAction {
		t.Errorf("the payment is %s after a forged webhook", status)
	}

	genuine := "/webhooks/acme/" + sealed.core.Tokens().Mint(token.Webhook, p.ID)
	if got := sealed.send(genuine, success); got.StatusCode != http.StatusOK {
		t.Errorf("the genuine webhook is answered %d", got.StatusCode)
	}
}

// A host that lacks the secret of a key asks for the webhook to come again:
// another host, or this one with the right secret, can check it.
func TestAnAddressThatCannotBeCheckedHereIsNotRefused(t *testing.T) {
	r := newRig(t, sdk.TrustPaymentURL)
	former := token.NewRecord("k1", tokenSecret, time.Time{})
	setRecords(t, r, former)
	sealed := r.withSecrets(t, tokenSecret)
	p := sealed.pay(t, "k")
	address := "/webhooks/acme/" + sealed.core.Tokens().Mint(token.Webhook, p.ID)

	setRecords(t, r, former, token.NewRecord("k2", "", time.Now()))
	lacking := r.withSecrets(t)
	if got := lacking.post(address, "{}"); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a webhook that cannot be checked is answered %d", got.StatusCode)
	}

	back := back(
		lacking.Inbox,
		neighbour,
		"/return/"+sealed.core.Tokens().Mint(token.Return, p.ID),
	)
	if back != http.StatusServiceUnavailable {
		t.Errorf("a customer whose token cannot be checked is answered %d", back)
	}
}

func setRecords(t *testing.T, r *rig, records ...token.Record) {
	t.Helper()
	err := r.store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.SetSetting(t.Context(), "token_keys", token.EncodeRecords(records))
	})
	if err != nil {
		t.Fatal(err)
	}
}
