package core_test

import (
	"os"
	"testing"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.OnBothWithoutLeaks(m)) }

// rig is coretest's, with what only the tests of core ask of it.
type rig struct{ *coretest.Rig }

func newRig(t *testing.T) *rig {
	t.Helper()
	return &rig{coretest.NewRig(t)}
}
