package host_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// The pause of an account that has left the configuration can be ended; a name
// that is neither configured nor paused is an error.
func TestThePauseOfAnAccountThatHasGoneCanBeEnded(t *testing.T) {
	ctx := t.Context()
	cfg := settings(t)
	url := "sqlite:" + filepath.Join(cfg.Host.DataDir, "payhost.db")
	cfg.Store.URL = sdk.NewSecret(url)
	s, err := store.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(ctx, func(tx *store.Tx) error {
		return tx.SetPause(ctx, payment.Pause{
			Provider: "gone", What: payment.PausePayouts, Since: tx.Now(), By: "ann", Reason: "doubts",
		})
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}

	h := open(t, cfg)
	if _, err := h.ResumeProvider(ctx, "never", payment.PauseAll, "ann", ""); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("a name that nobody knows: %v", err)
	}
	left, err := h.ResumeProvider(ctx, "gone", payment.PauseAll, "ann", "it has gone")
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if all, err := h.Pauses(ctx); err != nil || len(all) != 0 {
		t.Errorf("paused are %v, %v", all, err)
	}
}
