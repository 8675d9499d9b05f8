package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"aead.dev/minisign"
)

// A plugin's version goes from a commit to production by the scripts of the
// guide, and back by one command.
func TestFromACommitToProduction(t *testing.T) {
	w := newWorld(t)
	public, secret, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := secret.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "author.key")
	if err := os.WriteFile(key, text, 0o600); err != nil {
		t.Fatal(err)
	}
	releases := filepath.Join(t.TempDir(), "releases")

	script := func(name string, words ...string) string {
		t.Helper()
		cmd := exec.Command("./examples/ship/"+name, words...)
		cmd.Dir = filepath.Join("..", "..")
		cmd.Env = append(w.env, "PAYHOST="+filepath.Join(bin, "payhost"),
			"PLATFORMS="+runtime.GOOS+"-"+runtime.GOARCH)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	said := script("author", "./plugins/ptop", "1.0.0", w.sandbox, releases, key)
	if !strings.Contains(said, public.String()) {
		t.Errorf("the author is not told the key:\n%s", said)
	}
	script("author", "./plugins/ptop", "1.1.0", w.sandbox, releases, key)

	w.write(strings.Replace(w.standard(), "[providers.ptop]\n",
		"[plugins]\ntrusted_keys = [\""+public.String()+"\"]\nrequire = [\"signature\", \"conformance\"]\n"+
			"[providers.ptop]\nversion = \"1.0.0\"\n", 1))
	if exit, out := w.command("check"); exit == 0 || !strings.Contains(out, "there is no file") {
		t.Errorf("before it is installed: %d\n%s", exit, out)
	}
	if exit, out := w.command("plugin", "install", "ptop@1.0.0", "--from", releases); exit != 0 {
		t.Fatalf("install: %d\n%s", exit, out)
	}
	if exit, out := w.command("lock"); exit != 0 {
		t.Fatalf("lock: %d\n%s", exit, out)
	}
	w.serve()
	w.pay("before the change")

	script("ops", "ptop", "ptop", "1.1.0", releases, w.config)
	if now := w.provider("ptop"); now.Version != "1.1.0" {
		t.Errorf("after the reload: %+v", now)
	}
	w.pay("after the change")

	if err := os.Rename(w.config+".former", w.config); err != nil {
		t.Fatal(err)
	}
	if exit, out := w.command("reload"); exit != 0 {
		t.Errorf("back: %d\n%s", exit, out)
	}
	if now := w.provider("ptop"); now.Version != "1.0.0" {
		t.Errorf("after going back: %+v", now)
	}
	w.pay("after going back")
}
