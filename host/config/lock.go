package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// LockName is the name of the lock's file. It is in the folder of the
// configuration file.
const LockName = "payhost.lock"

// platform is the system that this program runs on. The same plugin has another
// checksum on each.
const platform = runtime.GOOS + "/" + runtime.GOARCH

var (
	lockedProgram = regexp.MustCompile(
		`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(@[A-Za-z0-9][A-Za-z0-9._+-]{0,63})?$`,
	)
	lockedPlatform = regexp.MustCompile(`^[a-z0-9]{1,32}/[a-z0-9_]{1,32}$`)
	lockedSum      = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Lock is the content of a payhost.lock: the only checksums that plugins may
// have, one for each program and platform. A program that is not in it may not
// run. A nil *Lock allows every program.
type Lock struct {
	file string
	sums map[string]map[string]string // by program, then by platform
}

// LoadLock reads a lock. The error is *Problems. A nil Lock without an error
// means that there is no file. Load does this for the file beside the
// configuration; a program that builds its Config in code puts the result into
// Config.Lock.
func LoadLock(path string) (*Lock, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}

	// From here on the lock exists, even if it is a broken symbolic link, which
	// must not count as no lock.
	file, text, problem := readFile(path)
	if problem != "" {
		return nil, &Problems{{File: path, Message: problem}}
	}

	return loadLock(path, file, text)
}

// loadLock reads the text of a lock. path is its name in problems, file its
// absolute path.
func loadLock(path, file, text string) (*Lock, error) {
	problems := newReport(path, nil)
	tree, _ := parse(text, problems)
	l := &Lock{file: file, sums: map[string]map[string]string{}}
	root := &table{load: &loader{report: problems}, values: tree}

	// Unknown keys and wrong types are mistakes here as in config.toml.
	programs := root.sub("plugins", "a table of tables: [plugins.NAME]")
	for name := range programs.values {
		t := programs.sub(name, "a table: [plugins.NAME]")
		if !lockedProgram.MatchString(name) {
			problems.add(
				t.path,
				"is not the name of a plugin's file, such as acme or acme@1.0.0",
			)
		}

		l.sums[name] = t.checksums()
	}

	root.finish("")
	if err := problems.err(); err != nil {
		return nil, err
	}

	return l, nil
}

// checksums reads the table of one program: a checksum for each platform.
func (t *table) checksums() map[string]string {
	sums := map[string]string{}
	for on := range t.values {
		var sum string
		t.text(on, &sum)

		switch path := join(t.path, on); {
		case !lockedPlatform.MatchString(on):
			t.load.add(path, `is not a platform, such as "linux/amd64"`)
		case !t.load.unread(path) && !lockedSum.MatchString(sum):
			t.load.add(path, "must be 64 hexadecimal digits in lower case")
		}

		sums[on] = sum
	}

	return sums
}

// Sum returns the checksum that a program must have on this platform; false
// when the lock has none.
func (l *Lock) Sum(program string) (sha256 string, ok bool) {
	if l == nil {
		return "", false
	}
	sha256, ok = l.sums[program][platform]
	return sha256, ok
}

// allow returns why the program at path may not run; nil when it may.
func (l *Lock) allow(program, path, sha256 string) error {
	want, ok := l.Sum(program)
	// Only a lock that is absent as a whole allows every program; an absent
	// line allows none.
	switch {
	case l == nil || (ok && want == sha256):
		return nil
	case !ok:
		return fmt.Errorf("%s has no line for %s on %s, so %s (sha256 %s) may not run; "+
			"make sure that it is the program you mean, then run payhost lock and payhost reload", l.file, program, platform, path, sha256)
	}

	return fmt.Errorf(
		"%s has sha256 %s, %s allows only %s for %s on %s; put that program back, "+
			"or make sure that this is the one you mean and run payhost lock and payhost reload",
		path,
		sha256,
		l.file,
		want,
		program,
		platform,
	)
}

// Program returns the name of the file in PluginDir that serves the account:
// <plugin> or <plugin>@<version>.
func (p Provider) Program() string {
	if p.Version == "" {
		return p.Plugin
	}
	return p.Plugin + "@" + p.Version
}

// Allows returns why SHA256, the configuration's lock or its [plugins] does not
// let the program at path run for this account; nil when it may run.
func (p Provider) Allows(path, sha256 string) error {
	if p.SHA256 != "" && !strings.EqualFold(p.SHA256, sha256) {
		return fmt.Errorf(
			"%s has sha256 %s, the configuration of %s allows only %s",
			path,
			sha256,
			p.Name,
			p.SHA256,
		)
	}

	if err := p.lock.allow(p.Program(), path, sha256); err != nil {
		return err
	}

	return p.Vouched(path, sha256)
}

// Vouched returns why [plugins] does not let the program at path run for this
// account, whatever the lock says; nil when it may run.
func (p Provider) Vouched(path, sha256 string) error {
	if p.policy == nil {
		return nil
	}
	return p.policy.Allow(p.pluginDir, p.Plugin, p.Version, path, sha256)
}

// LockFile returns the path of the lock of a configuration file. It is empty
// for a Config built in code.
func (c *Config) LockFile() string {
	if c.File == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(c.File), LockName)
}

// Programs returns the names in the lock, sorted.
func (l *Lock) Programs() []string {
	if l == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(l.sums))
}

// With returns a lock of exactly these programs. sums holds their checksums on
// this platform. For other platforms, and for programs whose checksum in sums
// is empty, it keeps what l has.
func (l *Lock) With(sums map[string]string) *Lock {
	next := &Lock{sums: map[string]map[string]string{}}
	for program, sum := range sums {
		// The lines of other platforms stay.
		own := map[string]string{}
		if l != nil {
			maps.Copy(own, l.sums[program])
		}

		if sum != "" {
			own[platform] = sum
		}

		if len(own) > 0 {
			next.sums[program] = own
		}
	}

	return next
}

// WithPlatforms returns a lock that also has a program's checksums for other
// platforms, those that its publisher has signed. The one for this platform stays
// what it is.
func (l *Lock) WithPlatforms(program string, sums map[string]string) *Lock {
	next := l.With(l.here())
	for on, sum := range sums {
		if on != platform && next.sums[program] != nil {
			next.sums[program][on] = sum
		}
	}
	return next
}

// WithFormer returns a lock that also has the programs of a former one that it
// does not have itself, so that going back to them needs no new lock.
func (l *Lock) WithFormer(former *Lock) *Lock {
	next := l.With(l.here())
	for _, program := range former.Programs() {
		if _, ok := next.sums[program]; !ok {
			next.sums[program] = maps.Clone(former.sums[program])
		}
	}
	return next
}

// here returns the programs with their checksums on this platform.
func (l *Lock) here() map[string]string {
	sums := map[string]string{}
	for _, program := range l.Programs() {
		sums[program] = l.sums[program][platform]
	}
	return sums
}

// text returns the content of the lock's file. Equal locks have equal bytes.
func (l *Lock) text() string {
	var out strings.Builder
	out.WriteString(
		`# The plugins that this host may run, by sha256. "payhost lock" writes this file from config.toml: make sure before that
# the programs are the ones you mean, and keep it with config.toml. While it is here, no other program is started.
`,
	)

	for _, program := range l.Programs() {
		fmt.Fprintf(&out, "\n[%s]\n", join("plugins", program))
		for _, on := range slices.Sorted(maps.Keys(l.sums[program])) {
			fmt.Fprintf(&out, "%s = %q\n", join("", on), l.sums[program][on])
		}
	}

	return out.String()
}

// Write puts the lock into a file, whole or not at all: a host that reads it
// meanwhile sees the old one or the new one.
func (l *Lock) Write(path string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+LockName+"-")
	if err != nil {
		return err
	}
	_, err = temp.WriteString(l.text())

	// The user who runs the host must be able to read it, and may not be the
	// one who writes it; nothing in it is secret.
	err = errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}

	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}

	return nil
}
