package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	sumA = strings.Repeat("a", 64)
	sumB = strings.Repeat("b", 64)
)

// writeLock puts text beside a small configuration and gives the
// configuration's path.
func writeLock(t *testing.T, text string) (file string) {
	t.Helper()
	dir := t.TempDir()

	file = filepath.Join(dir, "config.toml")
	for path, content := range map[string]string{
		file:                         "[providers.a]\nplugin = \"acme\"\n[providers.b]\nplugin = \"zen\"\nversion = \"1.0.0\"\n",
		filepath.Join(dir, LockName): text,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	return file
}

func TestLockAllowsOneChecksumAProgramAndPlatform(t *testing.T) {
	c, err := Load(
		writeLock(
			t,
			"[plugins.acme]\n\""+platform+"\" = \""+sumA+"\"\n\"plan9/mips\" = \""+sumB+"\"\n",
		),
	)
	if err != nil {
		t.Fatal(err)
	}

	a, b := c.Providers[0], c.Providers[1]
	if err := a.Allows("bin/acme", sumA); err != nil {
		t.Error(err)
	}

	for _, refused := range []struct {
		provider Provider
		sum      string
		want     []string
	}{
		{a, sumB, []string{"bin/x has sha256 " + sumB, "allows only " + sumA + " for acme on " + platform, "run payhost lock"}},
		{b, sumA, []string{"has no line for zen@1.0.0 on " + platform, "bin/x (sha256 " + sumA + ")", "run payhost lock"}},
	} {
		err := refused.provider.Allows("bin/x", refused.sum)
		for _, want := range append(refused.want, c.LockFile()) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in: %v", want, err)
			}
		}
	}
}

func TestWithoutALockEverythingMayRun(t *testing.T) {
	c := &Config{Providers: []Provider{{Name: "a", Plugin: "acme"}}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := c.Providers[0].Allows("bin/acme", sumA); err != nil || c.Lock != nil ||
		c.LockFile() != "" {
		t.Errorf("%v, lock %v at %q", err, c.Lock, c.LockFile())
	}

	if lock, err := LoadLock(filepath.Join(t.TempDir(), LockName)); lock != nil ||
		err != nil {
		t.Errorf("%v, %v", lock, err)
	}
}

// A program that embeds the host hands the lock over itself.
func TestConfigBuiltInCodeIsHeldToItsLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), LockName)
	var none *Lock
	if err := none.With(map[string]string{"acme": sumA}).Write(path); err != nil {
		t.Fatal(err)
	}

	lock, err := LoadLock(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &Config{Lock: lock, Providers: []Provider{{Name: "a", Plugin: "acme"}}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}

	p := c.Providers[0]
	if p.Allows("acme", sumA) != nil || p.Allows("acme", sumB) == nil {
		t.Error("the lock does not count")
	}
}

func TestLockNamesEveryMistakeAndTheConfigurationsToo(t *testing.T) {
	file := writeLock(t, `[plugins."../acme"]
"linux/amd64" = "`+sumA+`"
[plugins.zen]
"linux" = "`+sumA+`"
"linux/amd64" = "abc"
"linux/arm64" = 7
[plugin]
x = 1
`)
	if err := os.WriteFile(file, []byte("[providers.a]\nplugin = \"acme\"\ntimeout = \"soon\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	_, err := Load(file)
	var problems *Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}

	text := err.Error()
	for _, want := range []string{
		`config.toml:3: providers.a.timeout: `,
		`payhost.lock:1: plugins."../acme": is not the name of a plugin's file`,
		`payhost.lock:4: plugins.zen.linux: is not a platform`,
		`payhost.lock:5: plugins.zen."linux/amd64": must be 64 hexadecimal digits`,
		`payhost.lock:6: plugins.zen."linux/arm64": must be text in quotes, not a whole number`,
		`payhost.lock:7: plugin: unknown key; did you mean "plugins"?`,
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("not once: %s", want)
		}
	}

	if t.Failed() {
		t.Log(text)
	}
}

// A lock that is there and cannot be read must not be taken for none:
// everything could run.
func TestLockThatCannotBeReadIsAMistake(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"a link that leads nowhere": func(path string) error { return os.Symlink("gone", path) },
		"a folder":                  func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			file := writeLock(t, "")
			path := filepath.Join(filepath.Dir(file), LockName)
			if err := errors.Join(os.Remove(path), spoil(path)); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(file); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestLockKeepsOtherPlatformsAndWhatIsNotKnown(t *testing.T) {
	old := &Lock{sums: map[string]map[string]string{
		"acme":      {platform: sumA, "plan9/mips": sumB},
		"off@1.0.0": {platform: sumA},
		"gone":      {platform: sumA},
	}}
	next := old.With(
		map[string]string{"acme": sumB, "zen": sumA, "off@1.0.0": "", "never": ""},
	)
	if got := next.Programs(); !slices.Equal(got, []string{"acme", "off@1.0.0", "zen"}) {
		t.Errorf("programs %s", got)
	}

	if sum, _ := next.Sum("acme"); sum != sumB || next.sums["acme"]["plan9/mips"] != sumB {
		t.Errorf("acme %v", next.sums["acme"])
	}
	if sum, _ := next.Sum("off@1.0.0"); sum != sumA {
		t.Errorf("off %v", next.sums["off@1.0.0"])
	}

	if sum, _ := old.Sum("acme"); sum != sumA {
		t.Error("the old lock has changed")
	}
}

func TestLockIsWrittenWholeAndReadsAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), LockName)
	lock := (&Lock{}).With(map[string]string{"zen@1.0.0": sumB, "acme": sumA})

	for range 2 { // over another one as well
		if err := lock.Write(path); err != nil {
			t.Fatal(err)
		}
	}

	again, err := LoadLock(path)
	if err != nil || again.text() != lock.text() {
		t.Errorf("%v\n%s\n%s", err, again.text(), lock.text())
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := lock.Write(filepath.Join(path, "no-folder")); err == nil {
		t.Error("written where there is no folder")
	}
}

// FuzzLock reads anything: what is taken is written and read again as the same.
func FuzzLock(f *testing.F) {
	f.Add((&Lock{}).With(map[string]string{"zen@1.0.0": sumB, "acme": sumA}).text())
	f.Add("[plugins]\nacme = 1\n")
	f.Add("plugins = [{}]\n[x\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := loadLock("payhost.lock", "/nowhere/payhost.lock", text)
		if err != nil {
			return
		}
		again, err := loadLock("payhost.lock", "/nowhere/payhost.lock", l.text())
		if err != nil || again.text() != l.text() {
			t.Errorf("%v\n%s\n%s", err, l.text(), again.text())
		}
	})
}
