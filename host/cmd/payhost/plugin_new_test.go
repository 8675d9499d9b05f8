package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// What the folder holds is the scaffold's to test; here it is what people and
// programs are told.
func TestPluginNew(t *testing.T) {
	t.Chdir(t.TempDir())
	a, out, errs := inProcess()
	if code := a.run([]string{"plugin", "new", "acme"}); code != exitDone ||
		errs.Len() > 0 {
		t.Fatalf("exit %d\n%s", code, errs)
	}

	for _, want := range []string{"Made acme: ", "\n  1   config.go:", "\n  cd acme\n  go mod tidy\n  go test ./...\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}

	if _, err := os.Stat("acme/simulator/simulator.go"); err != nil {
		t.Error(err)
	}
	a, _, errs = inProcess()
	if code := a.run([]string{"plugin", "new", "acme"}); code != exitFailed ||
		!strings.Contains(errs.String(), "no folder was made: acme exists") {
		t.Errorf("a second time: exit %d\n%s", code, errs)
	}

	a, out, errs = inProcess()
	code := a.run(
		[]string{
			"plugin",
			"new",
			"zenith",
			"--dir",
			"deep/er",
			"--module",
			"example.org/zenith",
			"--json",
		},
	)

	var made struct {
		Folder string
		Files  []string
		Todos  []struct{ Number int }
		Next   []string
	}
	if err := json.Unmarshal(out.Bytes(), &made); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v\n%s%s", code, err, out, errs)
	}

	if made.Folder != "deep/er" || len(made.Files) < 13 || len(made.Todos) < 10 ||
		made.Next[0] != "cd deep/er" {
		t.Errorf("got %+v", made)
	}
}

func TestPluginNewSaysEverythingThatIsWrong(t *testing.T) {
	t.Chdir(t.TempDir())
	a, out, errs := inProcess()
	code := a.run([]string{"plugin", "new", "Acme", "--module", "a b", "--sdk", "nowhere"})

	for _, want := range []string{`"Acme" is no name for a plugin`, `--module "a b"`, "--sdk nowhere", "Usage: payhost plugin new"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("%q is not in\n%s", want, errs)
		}
	}

	if code != exitUsage || out.Len() > 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
}
