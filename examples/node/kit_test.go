package node

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/payhost/payhost/examples/node/simulator"
	"github.com/payhost/payhost/sdk/conformance/control"
)

// command returns payhost, built once.
func command(t *testing.T) string {
	t.Helper()
	if err := buildCommand(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "payhost")
}

var buildCommand = sync.OnceValue(func() error {
	// Built as "make build" does it: what one has compiled the others find in
	// the cache.
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
		"-o", filepath.Join(folder, "payhost"), "../../host/cmd/payhost")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}

	return nil
})

// The kit knows nothing of JavaScript: the same cases hold for every plugin.
func TestConformance(t *testing.T) {
	plugins := built(t)
	sim := simulator.New()
	provider := httptest.NewServer(control.Handler(sim, sim.Config))
	defer provider.Close()

	out, err := exec.Command(command(t), "plugin", "test", filepath.Join(plugins, "acme"), "--simulator", provider.URL).
		CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !strings.Contains(string(out), " 0 failed, 0 left out, ") {
		t.Errorf("payhost plugin test: %v", err)
	}
}
