package host

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/payhost/payhost/host/config"
)

// CheckExposure looks at who else can write what the host trusts, and read what
// it keeps secret. Problems are what others than this user and root can write:
// the configuration, payhost.lock, the plugins, data_dir and an embedded
// database; a host must not run on them. Warnings are what others can read, or
// the user's own group can write, and a store that believes a process by its
// user. Nothing is changed. On systems without users of that kind there is
// nothing to find.
func CheckExposure(cfg *Config) (problems, warnings []config.Problem) {
	if cfg == nil {
		return nil, nil
	}
	e := exposure{cfg: cfg}
	if cfg.File != "" {
		e.writable("", cfg.File)
		e.writable("", filepath.Join(filepath.Dir(cfg.File), config.LockName))
		e.secretsIn(cfg.File)
	}

	// Where no checksum is set, a program put in a plugin's place would get the
	// account's secrets.
	e.writable("host.plugin_dir", cfg.Host.PluginDir)
	for i := range cfg.Providers {
		provider := &cfg.Providers[i]
		file := provider.Plugin
		if provider.Version != "" {
			file += "@" + provider.Version
		}
		key := "providers." + provider.Name + ".plugin"
		e.writable(key, filepath.Join(cfg.Host.PluginDir, file))
	}

	// Plugins run from copies in data_dir, and an embedded database holds the
	// records of all payments.
	e.writable("host.data_dir", cfg.Host.DataDir)
	if database, ok := strings.CutPrefix(cfg.Store.URL.Reveal(), "sqlite:"); ok {
		e.writable("store.url", database)
	} else {
		e.passwordless()
	}

	return e.problems, e.warnings
}

// exposure is one look at who can read and write the host's files.
type exposure struct {
	cfg                *Config
	problems, warnings []config.Problem
}

// report adds a problem or a warning, at the line of the configuration's key.
func (e *exposure) report(to *[]config.Problem, key, format string, args ...any) {
	line := 0
	if key != "" {
		line = e.cfg.Position(key)
	}
	*to = append(*to, config.Problem{
		File:    e.cfg.File,
		Line:    line,
		Key:     key,
		Message: fmt.Sprintf(format, args...),
	})
}

// writable reports who else can write a file or one of the folders that it is in:
// a user who can write one of them can put another file in its place. A file that
// does not exist is passed over.
func (e *exposure) writable(key, path string) {
	for at := path; ; at = filepath.Dir(at) {
		if info, err := os.Stat(at); err == nil {
			others := othersWhoWrite(info)
			if others != "" {
				e.report(&e.problems, key, "%s can be written by %s: "+
					"only the user who runs the host, and root, may", at, others)
				return // the folders above would say the same again
			}
			if (at == path) && writableByOwnGroup(info) {
				e.report(&e.warnings, key,
					"%s can be written by the group of the user who runs the host", at)
			}
		}

		if at == filepath.Dir(at) {
			return // the root
		}
	}
}

// secretsIn warns of a file that every user can read, when there are secrets in
// it.
func (e *exposure) secretsIn(file string) {
	info, err := os.Stat(file)
	if (err != nil) || !othersRead(info) {
		return
	}
	if keys := e.cfg.WrittenSecrets(); len(keys) > 0 {
		e.report(&e.warnings, keys[0], "every user of this machine can read the secrets in %s (%s): "+
			"chmod 0600, or write env:NAME or file:PATH in their place", file, strings.Join(keys, ", "))
	}
}

// passwordless warns of a database that may believe whoever connects as this
// user, which a plugin does.
func (e *exposure) passwordless() {
	address, err := url.Parse(e.cfg.Store.URL.Reveal())
	if err != nil {
		return // said already
	}

	// pgx takes a password from the URL, and from the environment as libpq does.
	_, has := address.User.Password()
	query := address.Query()
	for _, key := range []string{"password", "passfile", "sslcert"} {
		has = has || query.Get(key) != ""
	}

	for _, name := range []string{"PGPASSWORD", "PGPASSFILE", "PGSSLCERT"} {
		has = has || os.Getenv(name) != ""
	}
	if !has {
		e.report(
			&e.warnings,
			"store.url",
			"it has no password: a database that believes a process by its user "+
				"(peer) or by its address (trust) believes plugins, too",
		)
	}
}
