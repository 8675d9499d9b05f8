package chaos

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/storetest"
)

var (
	kills = flag.Int("chaos.kills", 100, "how many processes are killed, over both campaigns")
	seed  = flag.Uint64("chaos.seed", 0, "repeats the plan that was made from it; 0 takes a new one")
)

// bin is where TestMain puts the programs.
var bin string

func TestMain(m *testing.M) {
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	code := 1
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = storetest.Main(m)
	}
	_ = os.RemoveAll(bin)
	os.Exit(code)
}

// build makes the real programs: what is killed has to be what is shipped.
func build() (err error) {
	if bin, err = os.MkdirTemp("", "payhost-chaos-"); err != nil {
		return err
	}
	for target, packages := range map[string][]string{
		bin:                           {"./host/cmd/payhost", "./plugins/sandbox"},
		filepath.Join(bin, "plugins"): {"./plugins/ptop", "./plugins/reference"},
	} {
		// Built as "make build" does it: what one has compiled the others find in the cache.
		cmd := exec.Command("go", append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
			"-o", target + string(filepath.Separator)}, packages...)...)
		cmd.Dir, cmd.Env = filepath.Join("..", "..", ".."), append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	return nil
}
