package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host/config"
)

// What "config init" writes is for this user alone, and loads.
func TestANewConfigurationLoads(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	a, _, errs := inProcess()
	if code := a.run([]string{"config", "init", "--config", file}); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	if _, err := config.Load(file); err != nil {
		t.Error(err)
	}
}

func TestTheSchemaIsPrinted(t *testing.T) {
	a, out, errs := inProcess()
	if code := a.run([]string{"config", "schema"}); code != exitDone || errs.Len() > 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if !json.Valid(out.Bytes()) || !strings.Contains(out.String(), `"payment_ttl"`) {
		t.Error(out.String())
	}
}

// Every command has its page, the same each time.
func TestManualPages(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for _, folder := range []string{first, second} {
		a, _, errs := inProcess()
		if code := a.run([]string{"man", folder}); code != exitDone {
			t.Fatalf("exit %d: %s", code, errs)
		}
	}

	a, _, _ := inProcess()
	each(a.root(), func(words []string, c *cobra.Command) {
		if c.Hidden {
			return
		}
		name := "payhost-" + strings.Join(words, "-") + ".1"
		page, err := os.ReadFile(filepath.Join(first, name))
		again, _ := os.ReadFile(filepath.Join(second, name))
		switch {
		case err != nil:
			t.Error(err)
		case !strings.Contains(string(page), ".SH SYNOPSIS"):
			t.Errorf("%s:\n%s", name, page)
		case string(again) != string(page):
			t.Errorf("%s differs when it is made again", name)
		}
	})
}
