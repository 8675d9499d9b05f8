package config

import (
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// levels are the names of log levels.
var levels = map[string]slog.Level{
	"debug": slog.LevelDebug,
	"info":  slog.LevelInfo,
	"warn":  slog.LevelWarn,
	"error": slog.LevelError,
}

var (
	accountName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	// A plugin and its version are parts of a file's name, so neither may lead
	// into another folder.
	pluginName    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	pluginVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$`)
)

// minTokenSecret is the least length of a host.token_secret, in bytes. The
// store holds a value that would allow a shorter one to be guessed.
const minTokenSecret = 32

// check checks the values. It also fills in the public URL, once the address
// that it is made from is known to be right.
func (c *Config) check(problems *report) {
	c.checkHTTP(problems)
	c.checkHost(problems)
	c.checkStore(problems)
	if c.Log.Format != "text" && c.Log.Format != "json" {
		problems.check(
			"log.format",
			`%q is not a format; write "text" or "json"`,
			c.Log.Format,
		)
	}

	c.checkEvents(problems)
	c.checkTokens(problems)
	c.checkApproval(problems)
	c.checkPlugins(problems)
	c.checkRetention(problems)
	c.checkTelemetry(problems)
	for i := range c.Providers {
		// The providers are sorted, so two of one name are neighbors.
		if i > 0 && c.Providers[i].Name == c.Providers[i-1].Name {
			problems.check(
				join("providers", c.Providers[i].Name),
				"a second provider of this name",
			)
		}

		c.Providers[i].check(problems)
		c.checkIsolation(problems, &c.Providers[i])
	}
}

// checkIsolation checks the confinement of one account's plugin.
func (c *Config) checkIsolation(problems *report, p *Provider) {
	key := join("providers", p.Name) + ".isolation"
	switch {
	case p.Isolation != IsolationSystem && p.Isolation != IsolationStrict:
		problems.check(
			key,
			"%q is not a kind of isolation; write %q or %q",
			p.Isolation,
			IsolationSystem,
			IsolationStrict,
		)

	case c.Host.RequireIsolation && p.Isolation != IsolationStrict:
		problems.check(
			key,
			"is %q, and host.require_isolation asks for %q everywhere",
			p.Isolation,
			IsolationStrict,
		)
	}
}

// checkHTTP checks [http].
func (c *Config) checkHTTP(problems *report) {
	section := c.HTTP
	c.checkListeners(problems)
	for i, t := range section.Tokens {
		checkSecret(problems, element("http.tokens", i), t, true)
	}

	for i, n := range section.TrustedProxies {
		if !n.IsValid() || n != n.Masked() {
			problems.check(element("http.trusted_proxies", i), "is not a network")
		}
	}

	// A key that could not be read counts as present.
	cert := section.TLSCert != "" || problems.unread("http.tls_cert")
	key := section.TLSKey != "" || problems.unread("http.tls_key")

	switch {
	case cert && !key:
		problems.check("http.tls_cert", "needs http.tls_key as well")
	case key && !cert:
		problems.check("http.tls_key", "needs http.tls_cert as well")
	case section.TLSCert != "" && section.TLSKey != "":
		checkCertificate(problems, section.TLSCert, section.TLSKey)
	}
}

// checkListeners checks where the host listens. It derives the public URL from
// there when the file does not set one.
func (c *Config) checkListeners(problems *report) {
	section := c.HTTP
	if problem := checkListen(section.Listen); problem != "" {
		problems.check("http.listen", "%s", problem)
	} else if c.Host.PublicURL == "" {
		if c.Host.PublicURL = publicURL(section); c.Host.PublicURL == "" {
			problems.check("http.listen", "is a socket for a proxy: write in host.public_url how the proxy is reached")
		}
	}

	// A private listener is optional, and must be another one.
	if section.PrivateListen == "" {
		return
	}
	if problem := checkListen(section.PrivateListen); problem != "" {
		problems.check("http.private_listen", "%s", problem)
	} else if sameAddress(section.Listen, section.PrivateListen) {
		problems.check("http.private_listen", "is the same as http.listen; nothing would be private there")
	}
}

// sameAddress reports whether two listeners would use one address. For port 0
// the system picks a different port each time.
func sameAddress(a, b string) bool {
	if _, port, err := net.SplitHostPort(a); (err == nil) && (port == "0") {
		return false
	}
	return a == b
}

// checkCertificate reads both files, so that a missing or mismatched one is
// found before the listener needs it.
func checkCertificate(problems *report, cert, key string) {
	_, certProblem := readReference(cert)
	if certProblem != "" {
		problems.check("http.tls_cert", "%s", certProblem)
	}
	_, keyProblem := readReference(key)
	if keyProblem != "" {
		problems.check("http.tls_key", "%s", keyProblem)
	}

	// Both files are there; now they must belong together.
	if certProblem+keyProblem != "" {
		return
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		problems.check("http.tls_cert", "certificate and key cannot be used: %v", err)
	}
}

// checkHost checks [host].
func (c *Config) checkHost(problems *report) {
	between(problems, "host.drain_notice", c.Host.DrainNotice, 0, 10*time.Minute)
	for i, secret := range c.Host.TokenSecrets {
		if size := len(secret.Reveal()); size < minTokenSecret {
			problems.check(
				problems.oneOf("host.token_secret", i, len(c.Host.TokenSecrets)),
				"has %d bytes; write at least %d, such as what `openssl rand -hex 32` prints",
				size,
				minTokenSecret,
			)
		}
	}

	if c.Host.PublicURL == "" {
		return // http.listen is wrong, which has been reported
	}
	u, problem := parseURL(c.Host.PublicURL)
	if problem == "" &&
		(u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(c.Host.PublicURL, "#")) {
		problem = "must not have a query or a fragment"
	}

	if problem != "" {
		problems.check("host.public_url", "%s", problem)
	}
}

// checkStore checks [store]. No problem shows a part of the URL.
func (c *Config) checkStore(problems *report) {
	const key = "store.url"
	text := c.Store.URL.Reveal()

	// A database in a file needs a plain path.
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok {
		switch {
		case path == "":
			problems.check(
				key,
				"sqlite: needs the path of a file, as in sqlite:var/payhost.db",
			)
		case strings.HasPrefix(path, "//"):
			problems.check(key, "is sqlite:PATH, without // before the path")
		case filepath.Base(path) == ":memory:":
			problems.check(
				key,
				"a database in memory would forget every payment; name a file",
			)

		case strings.ContainsAny(path, "?#"):
			problems.check(key, "sqlite:PATH takes no parameters")
		}

		return
	}

	// Everything else must be a server.
	if !strings.HasPrefix(text, "postgres://") &&
		!strings.HasPrefix(text, "postgresql://") {
		problems.check(
			key,
			"is not a store that is known; write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
		)
		return
	}

	if _, err := url.Parse(text); err != nil {
		// The parser's own error would quote the URL with its password.
		problems.check(
			key,
			"is not a valid URL; special characters in the password have to be percent-encoded",
		)
	}
}

// checkEvents checks [events].
func (c *Config) checkEvents(problems *report) {
	if c.Events.URL != "" {
		if u, problem := parseURL(c.Events.URL); problem != "" {
			problems.check("events.url", "%s", problem)
		} else if u.Scheme == "http" && !loopback(u.Hostname()) {
			problems.check("events.url", "must be https unless it is this machine: events tell who pays whom")
		} else if len(c.Events.Secrets) == 0 && !problems.unread("events.secret") {
			problems.check("events.url", "needs events.secret as well, to sign the events with")
		}
	}

	for i, s := range c.Events.Secrets {
		checkSecret(
			problems,
			problems.oneOf("events.secret", i, len(c.Events.Secrets)),
			s,
			false,
		)
	}
}

// check checks one account.
func (p *Provider) check(problems *report) {
	path := join("providers", p.Name)
	if !accountName.MatchString(p.Name) {
		problems.check(
			path,
			"a provider's name has 1 to 64 of a-z, 0-9, _ and -, and begins with a letter or a digit",
		)
	}

	// The plugin, its version and its checksum decide which program runs.
	if p.Plugin == "" {
		problems.check(
			path+".plugin",
			"is missing; name the plugin that serves this account",
		)
	} else if !pluginName.MatchString(p.Plugin) {
		problems.check(path+".plugin", "is not a plugin's name: 1 to 64 letters, digits, dots, _ and -; its version goes into version")
	}

	if p.Version != "" && !pluginVersion.MatchString(p.Version) {
		problems.check(
			path+".version",
			`is not a version, such as "1.0.0": 1 to 64 letters, digits, dots, +, _ and -`,
		)
	}

	if sum, err := hex.DecodeString(p.SHA256); p.SHA256 != "" &&
		(err != nil || len(sum) != 32) {
		problems.check(path+".sha256", "must be 64 hexadecimal digits")
	}

	between(problems, path+".timeout", p.Timeout, time.Millisecond, 5*time.Minute)
	between(problems, path+".max_in_flight", p.MaxInFlight, 1, 10000)
	between(problems, path+".drain_timeout", p.DrainTimeout, 0, time.Hour)
	between(problems, path+".payment_ttl", p.PaymentTTL, time.Minute, 8760*time.Hour)
	if p.SequenceStart == 0 {
		problems.check(path+".sequence_start", "must be 1 or more")
	}

	p.Limits.check(problems, path+".limits")
	p.Canary.check(problems, path+".canary", p.Version)
	if _, ok := canonical(p.Config); !ok {
		problems.check(path+".config", "must be a JSON object")
	}
}

// between checks the bounds of a number or a duration.
func between[T int | time.Duration](r *report, key string, v, least, most T) {
	if v < least || v > most {
		r.check(key, "must be from %v to %v, not %v", bound(least), bound(most), bound(v))
	}
}

// bound returns a bound as text: 1h, not 1h0m0s.
func bound[T int | time.Duration](v T) string {
	text := fmt.Sprint(v)
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// checkSecret checks a secret, which must not be empty. A bearer token must
// also fit into a header.
func checkSecret(r *report, key string, s sdk.Secret, bearer bool) {
	text := s.Reveal()
	if text == "" {
		r.check(key, "is empty")
	} else if bearer && strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		r.check(key, "a bearer token has only visible ASCII characters, without spaces")
	}
}
