package config

import (
	"encoding/json"
	"log/slog"
	"net/netip"
	"time"

	"github.com/payhost/payhost/host/internal/release"
	"github.com/payhost/payhost/sdk"
)

// Config is the whole configuration of one host. The name of a field in
// config.toml stands in brackets.
type Config struct {
	// File is the absolute path that Load read; empty when the Config was built
	// in code.
	File string
	// Host is about the host itself [host].
	Host Host
	// HTTP is about the listener [http].
	HTTP HTTP
	// Tokens are the tokens of the API that have names, sorted by them
	// [tokens.NAME]. They stand beside HTTP.Tokens, which may do everything.
	Tokens []Token
	// Approval is what needs a second name [approval].
	Approval Approval
	// Plugins is whose plugins may be installed and run [plugins].
	Plugins Plugins
	// Retention is how long records are kept [retention].
	Retention Retention
	// Store is the database of the payments [store].
	Store Store
	// Telemetry is where traces go [telemetry].
	Telemetry Telemetry
	// Log is about the host's log [log].
	Log Log
	// Events is the optional push of events to a service of yours [events].
	Events Events
	// Providers are the accounts, sorted by name [providers.NAME].
	Providers []Provider
	// Lock holds the only checksums that plugins may have. Load reads it from
	// payhost.lock beside the file. Default none: then only a provider's own
	// SHA256 counts.
	Lock *Lock

	// lines is a pointer so that printing a Config shows an address, not the
	// whole map.
	lines *lines
}

// Host is the table [host].
type Host struct {
	// PublicURL is how providers and customers reach this host [public_url]: an
	// absolute http or https URL without query, with or without a path; Load
	// and Validate take a slash off its end. Default: made from HTTP.Listen
	// ("http://127.0.0.1:8080"), with https when there is a certificate.
	PublicURL string
	// PluginDir holds the plugins' binaries, <plugin> or <plugin>@<version>
	// [plugin_dir]. Default "bin/plugins". Relative to the folder of the file
	// (in code: to the working directory); absolute after Load and Validate.
	PluginDir string
	// DataDir holds the embedded database, sockets and generated keys
	// [data_dir]. Default "var". Relative as PluginDir.
	DataDir string
	// TokenSecrets are mixed into the keys that sign the webhook and return
	// URLs, so that a copy of the database is not enough to sign them
	// [token_secret: a string, or a list while a secret is being replaced, the
	// newest first]; each may be a reference and has at least 32 bytes. Hosts
	// on one store need the same. Default none: the keys are in the database
	// alone.
	TokenSecrets []sdk.Secret
	// Watch makes the host reload when the file changes [watch]. Default false.
	Watch bool
	// DrainNotice is how long /readyz reports that the host is not ready before
	// the listeners close, once the host is told to stop [drain_notice], 0 to
	// 10m. Default 0.
	DrainNotice time.Duration
	// RequireIsolation holds every provider to IsolationStrict
	// [require_isolation]: a plugin that this system cannot confine that far is
	// not run. Default false.
	RequireIsolation bool
}

// HTTP is the table [http].
type HTTP struct {
	// Listen is where to listen [listen]: a TCP address, host:port, or
	// "unix:PATH" for a proxy on this machine. A PATH is relative as PluginDir,
	// and its folder has to be there. A program that may open the socket (mode
	// 0660) counts as a trusted proxy. Default "127.0.0.1:8080".
	Listen string
	// PrivateListen is where the API, its document, the console and the metrics
	// are served [private_listen], as Listen; Listen then serves only webhooks,
	// returns, /healthz and /readyz. Default none: Listen serves everything.
	PrivateListen string
	// Tokens are the bearer tokens of the API [tokens]; each may be a
	// reference. Default none: then only the admin socket works.
	Tokens []sdk.Secret
	// TrustedProxies are the networks whose X-Forwarded-For is believed
	// [trusted_proxies], such as "10.0.0.0/8"; a single address stands for
	// itself. This machine is believed only when a network within 127.0.0.0/8,
	// or ::1, is listed: then every process on it is, so that a unix socket in
	// Listen is better. Default none.
	TrustedProxies []netip.Prefix
	// TLSCert and TLSKey are PEM files [tls_cert, tls_key], both or neither.
	// Relative as PluginDir. Default none: the host speaks plain HTTP.
	TLSCert, TLSKey string
}

// Store is the table [store].
type Store struct {
	// URL is "sqlite:PATH" or "postgres://…" [url]; it may be a reference. A
	// PATH is relative as PluginDir. It is a Secret because it may hold a
	// password. Default "sqlite:" and payhost.db in DataDir.
	URL sdk.Secret
}

// Telemetry is the table [telemetry].
type Telemetry struct {
	// OTLP is the URL of a receiver of OTLP over HTTP, such as
	// "http://127.0.0.1:4318" [otlp]. Default none: no traces are made, unless the
	// OTEL_ variables of the host's environment ask for them.
	OTLP string
}

// Log is the table [log].
type Log struct {
	// Level is the least level that is written: debug, info, warn or error
	// [level]. Default info.
	Level slog.Level
	// Format is "text" or "json" [format]. Default "text".
	Format string
}

// Events is the table [events].
type Events struct {
	// URL gets every event by POST [url]: an absolute https URL without user
	// name; http for this machine. Default none: no push.
	URL string
	// Secrets sign the events, the newest first [secret: a string, or a list
	// while a secret is being replaced]; each may be a reference. Required with
	// URL. They are read as Standard Webhooks has them: an optional "whsec_",
	// then base64; what is not base64 is taken as it is.
	Secrets []sdk.Secret
}

// Provider is one account at a provider, the table [providers.NAME].
type Provider struct {
	// Name is the account's name everywhere: a lower-case letter or digit, then
	// up to 63 of a-z, 0-9, "_" and "-".
	Name string
	// Plugin is the name of the plugin that serves it [plugin]. Required.
	Plugin string
	// Version makes only <plugin>@<version> run [version]. Default none: the
	// file <plugin> runs.
	Version string
	// SHA256 is the only checksum the binary may have, 64 hexadecimal digits
	// [sha256]. Default none: any.
	SHA256 string
	// Enabled reports whether new payments and payouts are taken [enabled].
	// Default true in a file; in code it has to be set.
	Enabled bool
	// Required makes the host not ready without this provider [required].
	// Default false.
	Required bool
	// Timeout bounds one call of the plugin [timeout], 1ms to 5m. Default 15s.
	Timeout time.Duration
	// MaxInFlight bounds the calls that run at one time [max_in_flight], 1 to
	// 10000. Default 64.
	MaxInFlight int
	// DrainTimeout is how long a replaced plugin may finish its calls
	// [drain_timeout], 0 to 1h. Default 30s; in code 0 stands for the default,
	// so say time.Nanosecond for no wait at all.
	DrainTimeout time.Duration
	// PaymentTTL is the time after which an unfinished payment expires
	// [payment_ttl], 1m to 8760h. Default 24h.
	PaymentTTL time.Duration
	// SequenceStart is the first of the numbers that are given to new payments
	// and payouts and are never used twice [sequence_start], 1 or more. Default
	// 1.
	SequenceStart uint64
	// Isolation is how far the plugin must be kept from the rest of the machine
	// [isolation]: IsolationSystem or IsolationStrict. Default IsolationSystem,
	// with Host.RequireIsolation IsolationStrict.
	Isolation string
	// Limits are caps on what is sent, and on how fast [limits]. Default none.
	Limits Limits
	// Canary is a new version that reads what the serving one reads [canary].
	// Default none.
	Canary Canary
	// Config is the plugin's own table as a JSON object, keys sorted and
	// numbers digit by digit as in the file, with references resolved [config].
	// It holds secrets. Default {}. The plugin checks it.
	Config json.RawMessage
	// Secrets are the values in Config that came from references, for masking
	// them in text.
	Secrets []sdk.Secret

	// complete reports whether the defaults have been filled in. From then on a
	// zero is meant.
	complete bool
	// lock is the Config's. It is also here, so that it binds a provider that
	// is passed on without its Config.
	lock *Lock
	// policy and pluginDir are the Config's, for the same reason.
	policy    *release.Policy
	pluginDir string
}

// Canary is a new version of an account's plugin, the table
// [providers.NAME.canary]. With percent 0 it is a shadow: it reads the webhooks and
// the provider's answers that the serving version reads, what it makes of them is
// compared, and nothing of it counts.
type Canary struct {
	// Version makes the program <plugin>@<version> the candidate [version].
	Version string
	// Percent is the share of new payments and payouts that the candidate makes
	// [percent]. Only 0 is possible.
	Percent int
}

// check adds what is wrong with a canary to the problems.
func (c Canary) check(problems *report, path, serving string) {
	switch {
	case c == Canary{}:
		return
	case !pluginVersion.MatchString(c.Version):
		problems.check(path+".version",
			`is not a version, such as "1.0.0": 1 to 64 letters, digits, dots, +, _ and -`)
	case c.Version == serving:
		problems.check(path+".version", "is the version that serves")
	}
	if c.Percent != 0 {
		problems.check(path+".percent", "must be 0: a new version can only read along")
	}
}

// The values of Provider.Isolation.
const (
	// IsolationSystem confines a plugin as far as this system can. A
	// measure that is missing is logged and shown, and the plugin runs.
	IsolationSystem = "system"
	// IsolationStrict runs a plugin only where everything is in force that is
	// marked strict in the table of what a plugin may not do. The error names
	// what is missing.
	IsolationStrict = "strict"
)

// Position returns the line in File of a key such as
// "providers.acme.config.secret_key" or "http.tokens[0]", so that what a plugin
// says about its configuration can be shown where it stands. For a key that the
// file does not have it is the line of the nearest table around it; 0 when
// there is none, or when the Config was built in code. Elements of lists may be
// written [0] or .0.
func (c *Config) Position(key string) (line int) {
	return c.lines.nearest(key)
}

// Same reports whether both would run alike: every field, the configuration and
// its secrets are equal, but for Canary, which is another program's. A reload does
// not touch a provider that is the same.
func (p Provider) Same(o Provider) bool {
	if len(p.Secrets) != len(o.Secrets) {
		return false
	}

	// Equal configurations may differ in what has to be masked: a value can be
	// a reference in one and written out in the other.
	for i := range p.Secrets {
		if p.Secrets[i].Reveal() != o.Secrets[i].Reveal() {
			return false
		}
	}

	return p.Name == o.Name && p.Plugin == o.Plugin && p.Version == o.Version && p.SHA256 == o.SHA256 &&
		p.Enabled == o.Enabled && p.Required == o.Required && p.Timeout == o.Timeout &&
		p.MaxInFlight == o.MaxInFlight && p.DrainTimeout == o.DrainTimeout &&
		p.PaymentTTL == o.PaymentTTL &&
		p.SequenceStart == o.SequenceStart &&
		p.Isolation == o.Isolation &&
		p.Limits.same(o.Limits) &&
		string(p.Config) == string(o.Config)
}
