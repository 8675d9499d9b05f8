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

	e.writable("host.plugin_dir", cfg.Host.PluginDir)
	for i := range cfg.Providers {
		p := &cfg.Providers[i]
		file := p.Plugin
		if p.Version != "" {
			file += "@" + p.Version
		}

		e.writable("providers."+p.Name+".plugin", filepath.Join(cfg.Host.PluginDir, file))
	}

	e.writable("host.data_dir", cfg.Host.DataDir)
	if database, ok := strings.CutPrefix(cfg.Store.URL.Reveal(), "sqlite:"); ok {
		e.writable("store.url", database)
	} else {
		e.passwordless()
	}

	return e.problems, e.warnings
}

// exposure is one look.
type exposure struct {
	cfg                *Config
	problems, warnings []config.Problem
}

func (e *exposure) report(to *[]config.Problem, key, format string, args ...any) {
	line := 0
	if key != "" {
		line = e.cfg.Position(key)
	}
	*to = append(
		*to,
		config.Problem{
			File:    e.cfg.File,
			Line:    line,
			Key:     key,
			Message: fmt.Sprintf(format, args...),
		},
	)
}

// writable looks at a file and at the folders that it is in: whoever can write
// one of them can put another file in its place. What is not there is nobody's.
func (e *exposure) writable(key, path string) {
	for at := path; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err == nil {
			if others := othersWhoWrite(info); others != "" {
				e.report(
					&e.problems,
					key,
					"%s can be written by %s: only the user who runs the host, "+
						"and root, may",
					at,
					others,
				)

				return
			}

			if at == path && writableByOwnGroup(info) {
				e.report(
					&e.warnings,
					key,
					"%s can be written by the group of the user who runs the host",
					at,
				)
			}
		}

		if at == filepath.Dir(at) {
			return
		}
	}
}

// secretsIn looks at who reads the file, when there are secrets in it.
func (e *exposure) secretsIn(file string) {
	info, err := os.Stat(file)
	if err != nil || !othersRead(info) {
		return
	}
	if keys := e.cfg.WrittenSecrets(); len(keys) > 0 {
		e.report(
			&e.warnings,
			keys[0],
			"every user of this machine can read the secrets in %s (%s): "+
				"chmod 0600, or write env:NAME or file:PATH in their place",
			file,
			strings.Join(keys, ", "),
		)
	}
}

// passwordless warns of a database that may believe whoever connects as this
// user, which a plugin does.
func (e *exposure) passwordless() {
	address, err := url.Parse(e.cfg.Store.URL.Reveal())
	if err != nil {
		return // said already
	}
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
