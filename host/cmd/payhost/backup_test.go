package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// kept is a folder with a configuration and a database that has something in it.
func kept(t *testing.T) (folder, database string) {
	t.Helper()
	folder = newFolder(t)
	database = filepath.Join(folder, "payhost.db")
	write(t, filepath.Join(folder, "config.toml"), "[store]\nurl = \"sqlite:payhost.db\"\n")
	s, err := store.Open(t.Context(), "sqlite:"+database)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(t.Context(), func(tx *store.Tx) error {
		tx.Audit(t.Context(), payment.AuditEntry{Action: "payments.create", Note: "mila@example.org"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return folder, database
}

// says runs a command on the folder's configuration and returns its exit status
// and what it says.
func says(t *testing.T, folder string, words ...string) (exit int, said string) {
	t.Helper()
	a, out, errs := inProcess()
	exit = a.run(append(words, "--config", filepath.Join(folder, "config.toml")))
	return exit, out.String() + errs.String()
}

func TestABackupIsRestoredFenced(t *testing.T) {
	folder, database := kept(t)
	copied := filepath.Join(folder, "copy")
	if exit, said := says(t, folder, "backup", copied); exit != 0 || !strings.Contains(said, "entry aud_0000000000001") {
		t.Fatalf("%d: %s", exit, said)
	}
	if exit, said := says(t, folder, "backup", copied); exit != 1 || !strings.Contains(said, "exists") {
		t.Errorf("over a file: %d: %s", exit, said)
	}
	if exit, said := says(t, folder, "restore", copied); exit != 1 ||
		!strings.Contains(said, "--replace") {
		t.Errorf("over a database: %d: %s", exit, said)
	}

	unlock, err := store.LockFile("sqlite:" + database)
	if err != nil {
		t.Fatal(err)
	}
	if exit, said := says(t, folder, "restore", copied, "--replace"); exit != 1 ||
		!strings.Contains(said, "stop the host first") {
		t.Errorf("under a host: %d: %s", exit, said)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}

	damaged := filepath.Join(folder, "damaged")
	write(t, damaged, "no database")
	if exit, said := says(t, folder, "restore", damaged, "--replace"); exit != 1 ||
		!strings.Contains(said, "damaged") {
		t.Errorf("a damaged one: %d: %s", exit, said)
	}

	exit, said := says(t, folder, "restore", copied, "--replace")
	if exit != 0 || !strings.Contains(said, "it is fenced") {
		t.Fatalf("%d: %s", exit, said)
	}
	aside, err := filepath.Glob(database + ".before-restore-*")
	if err != nil || len(aside) == 0 {
		t.Errorf("the former database is gone: %v", err)
	}

	s, err := store.Open(t.Context(), "sqlite:"+database)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Read(t.Context(), func(tx *store.Tx) error {
		fence, err := tx.Fence(t.Context())
		if err == nil && (fence == nil || !strings.Contains(fence.Reason, "restored")) {
			t.Errorf("the fence: %+v", fence)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*.restoring*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAnEncryptedBackupNeedsItsKey(t *testing.T) {
	folder, database := kept(t)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	keyFile, otherFile := filepath.Join(folder, "key"), filepath.Join(folder, "other")
	write(t, keyFile, key.String()+"\n")
	write(t, otherFile, other.String()+"\n")

	sealed := filepath.Join(folder, "copy.age")
	exit, said := says(t, folder, "backup", sealed, "--recipient", key.Recipient().String())
	if exit != 0 {
		t.Fatalf("%d: %s", exit, said)
	}
	text, err := os.ReadFile(sealed)
	if err != nil || !strings.HasPrefix(string(text), sealedTitle) ||
		strings.Contains(string(text), "mila@example.org") {
		t.Errorf("the file is not encrypted: %v", err)
	}
	if _, err := os.Stat(database + ".backup"); err == nil {
		t.Error("the plain copy is left")
	}
	if exit, said := says(t, folder, "backup", sealed+"2", "--recipient", "age1x"); exit != exitUsage {
		t.Errorf("a wrong recipient: %d: %s", exit, said)
	}

	for name, c := range map[string]struct {
		more []string
		want string
	}{
		"no key":        {nil, "--identity"},
		"another's key": {[]string{"--identity", otherFile}, "cannot be decrypted"},
		"no key file":   {[]string{"--identity", sealed}, "no key of age's"},
	} {
		exit, said := says(t, folder, append([]string{"restore", sealed, "--replace"}, c.more...)...)
		if exit != 1 || !strings.Contains(said, c.want) {
			t.Errorf("%s: %d: %s", name, exit, said)
		}
	}
	exit, said = says(t, folder, "restore", sealed, "--replace", "--identity", keyFile)
	if exit != 0 {
		t.Errorf("%d: %s", exit, said)
	}
}
