package chaos

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/storetest"
)

var (
	kills = flag.Int(
		"chaos.kills",
		100,
		"how many processes are killed, over both campaigns",
	)
	seed = flag.Uint64(
		"chaos.seed",
		0,
		"repeats the plan that was made from it; 0 takes a new one",
	)
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
// Where clocks are apart there is a set of them for each machine besides.
func build() (err error) {
	if bin, err = os.MkdirTemp("", "payhost-chaos-"); err != nil {
		return err
	}
	if err := buildInto(bin, timeOfDay{}); err != nil {
		return err
	}

	for _, day := range daysOf(mostHosts) {
		if !day.right() {
			if err := buildInto(programsOf(day), day); err != nil {
				return err
			}
		}
	}

	return nil
}

// mostHosts is how many hosts a campaign has at most.
const mostHosts = 2

// programsOf is where the programs of a machine are.
func programsOf(day timeOfDay) string {
	if day.right() {
		return bin
	}
	return filepath.Join(bin, fmt.Sprintf("apart%d-%d", day.by, day.every))
}

// buildInto builds all programs of a machine.
func buildInto(folder string, day timeOfDay) error {
	// Built as "make build" does it: what one has compiled the others find in
	// the cache.
	args := []string{"build", "-trimpath", "-buildvcs=false"}
	linker := "-s -w"
	if !day.right() {
		file, err := overlay(bin)
		if err != nil {
			return err
		}
		args = append(args, "-overlay", file)
		linker += day.flags()
	}

	args = append(args, "-ldflags", linker, "-o")

	for target, packages := range map[string][]string{
		folder:                           {"./host/cmd/payhost", "./plugins/sandbox"},
		filepath.Join(folder, "plugins"): {"./plugins/ptop", "./plugins/reference"},
	} {
		cmd := exec.Command(
			"go",
			slices.Concat(args, []string{target + string(filepath.Separator)}, packages)...)
		cmd.Dir = filepath.Join("..", "..", "..")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}

	return nil
}
