//go:build unix

package host_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
)

// exposed is a whole host of one user, which none of the tests' changes has
// reached.
func exposed(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}

	for _, dir := range []string{"plugins", "data"} {
		if err := os.Mkdir(filepath.Join(folder, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}

	for name, text := range map[string]string{
		"plugins/acme": "#!/bin/sh\n", "data/payhost.db": "", "payhost.lock": "",
		"config.toml": "[host]\nplugin_dir = \"plugins\"\ndata_dir = \"data\"\n" +
			"[providers.a]\nplugin = \"acme\"\n[providers.a.config]\nsecret_key = \"hush\"\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	return folder
}

func look(t *testing.T, folder string) (problems, warnings []config.Problem) {
	t.Helper()
	cfg, err := config.Load(filepath.Join(folder, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	return host.CheckExposure(cfg)
}

func TestWhatOthersCanWriteIsNotTrusted(t *testing.T) {
	if problems, warnings := look(t, exposed(t)); len(problems)+len(warnings) > 0 {
		t.Fatalf("what nobody else can write: %v, %v", problems, warnings)
	}

	for _, name := range []string{"config.toml", "payhost.lock", "plugins", "plugins/acme", "data", "data/payhost.db", "."} {
		folder := exposed(t)
		path := filepath.Join(folder, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}

		if err := os.Chmod(path, info.Mode().Perm()|0o002); err != nil {
			t.Fatal(err)
		}
		problems, _ := look(t, folder)
		if len(problems) == 0 ||
			!strings.Contains(problems[0].Message, path+" can be written by every user") {
			t.Errorf("%s for all: %v", name, problems)
		}
	}
}

func TestWhatAnotherUserMadeIsNotTrusted(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can give files away")
		return
	}

	const nobody = 65534
	for _, name := range []string{"config.toml", "plugins", "plugins/acme", "data", "data/payhost.db"} {
		folder := exposed(t)
		path := filepath.Join(folder, name)
		if err := os.Chown(path, nobody, -1); err != nil {
			t.Fatal(err)
		}

		problems, _ := look(t, folder)
		if len(problems) == 0 ||
			!strings.Contains(problems[0].Message, "user 65534, whose it is") {
			t.Errorf("%s: %v", name, problems)
		}
	}

	folder := exposed(t)
	path := filepath.Join(folder, "plugins")
	if err := os.Chown(path, -1, nobody); err != nil {
		t.Fatal(err)
	}

	if err := os.Chmod(path, 0o770); err != nil {
		t.Fatal(err)
	}
	if problems, _ := look(t, folder); len(problems) == 0 ||
		!strings.Contains(problems[0].Message, "group 65534") {
		t.Errorf("a folder of another group: %v", problems)
	}
}

func TestSecretsThatOthersReadAreWarnedOf(t *testing.T) {
	folder := exposed(t)
	path := filepath.Join(folder, "config.toml")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}

	problems, warnings := look(t, folder)
	if len(problems) > 0 || len(warnings) != 1 ||
		!strings.Contains(warnings[0].Message, "(providers.a.config.secret_key)") {
		t.Errorf("%v, %v", problems, warnings)
	}

	// References tell nobody anything.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	t.Setenv("PAYHOST_TEST_HUSH", "hush")
	text = []byte(strings.Replace(string(text), `"hush"`, `"env:PAYHOST_TEST_HUSH"`, 1))
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}

	if problems, warnings := look(t, folder); len(problems)+len(warnings) > 0 {
		t.Errorf("with references: %v, %v", problems, warnings)
	}
}

// A plugin runs as the host's user: a database that asks nothing else believes
// it.
func TestAStoreWithoutAPasswordIsWarnedOf(t *testing.T) {
	for _, name := range []string{"PGPASSWORD", "PGPASSFILE", "PGSSLCERT"} {
		t.Setenv(name, "")
	}

	for url, want := range map[string]bool{
		"postgres:///payhost?host=/run/postgresql": true,
		"postgres://payhost@db/payhost":            true,
		"postgres://payhost:secret@db/payhost":     false,
		"postgres://db/payhost?sslcert=cert.pem":   false,
	} {
		folder := exposed(t)
		path := filepath.Join(folder, "config.toml")
		if err := os.WriteFile(path, []byte("[store]\nurl = \""+url+"\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}

		_, warnings := look(t, folder)
		warned := len(warnings) == 1 && warnings[0].Key == "store.url" &&
			strings.Contains(warnings[0].Message, "peer")
		if warned != want {
			t.Errorf("%s: %v", url, warnings)
		}
	}
}
