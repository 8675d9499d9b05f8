package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// maxFile bounds a configuration file, in bytes. A thousand providers fit into
// it.
const maxFile = 1 << 20

// Load reads a configuration file, and the files and environment variables that
// it refers to; it changes nothing. The error is *Problems, with every mistake
// that can be found at once; the Config is then nil.
func Load(path string) (*Config, error) {
	return load(path, os.LookupEnv)
}

// loader holds what the reading of one file needs.
type loader struct {
	*report
	dir      string // the file's folder, where relative paths begin
	lookup   func(name string) (string, bool)
	literals map[string]string
	keys     map[string]kind // those that were asked for, when somebody wants to know
}

// load is Load with a function that looks environment variables up.
func load(path string, lookup func(string) (string, bool)) (*Config, error) {
	file, text, problem := readFile(path)
	if problem != "" {
		return nil, &Problems{{File: path, Message: problem}}
	}
	return loadText(path, file, text, lookup)
}

// loadText loads the text of a file. path is its name in problems, file its
// absolute path.
func loadText(
	path, file, text string,
	lookup func(string) (string, bool),
) (*Config, error) {
	loading := &loader{
		report: newReport(path, nil),
		dir:    filepath.Dir(file),
		lookup: lookup,
	}
	tree, at := parse(text, loading.report)
	if tree == nil {
		return nil, loading.err()
	}

	// Problems of all steps are collected, so that one run shows them all.
	loading.literals = at.literals
	cfg := loading.read(tree)
	cfg.File, cfg.lines = file, at.lines
	cfg.Lock = loading.lock(cfg.LockFile())
	cfg.complete(loading.dir)
	cfg.check(loading.report)
	if err := loading.err(); err != nil {
		return nil, err
	}

	return cfg, nil
}

// lock reads the lock beside the file. Its problems are reported with the
// file's own.
func (l *loader) lock(path string) *Lock {
	lock, err := LoadLock(path)
	if problems := (*Problems)(nil); errors.As(err, &problems) {
		l.problems = append(l.problems, *problems...)
	}
	return lock
}

// readFile returns the file's absolute path and text, or a problem.
func readFile(path string) (file, text, problem string) {
	file, err := filepath.Abs(path)
	if err != nil {
		return "", "", unreadable(path, err)
	}
	f, err := os.Open(file)
	if err != nil {
		return "", "", unreadable(file, err)
	}
	defer func() { _ = f.Close() }() // only read from

	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", "", unreadable(file, err)
	}
	if len(data) > maxFile {
		return "", "", "a configuration file may be 1 MiB at most"
	}

	return file, string(data), ""
}

// tables are the names of the tables of the first level.
var tables = []string{"host", "http", "store", "log", "events", "providers", "tokens", "approval",
	"plugins", "retention", "telemetry"}

// read turns the file's tables into a Config: types, unknown keys and
// references. check checks the bounds.
func (l *loader) read(tree map[string]any) *Config {
	cfg := &Config{}
	root := &table{load: l, values: tree}
	l.host(cfg, root.sub("host", "a table: [host]"))
	l.http(cfg, root.sub("http", "a table: [http]"))
	l.store(cfg, root.sub("store", "a table: [store]"))
	l.log(cfg, root.sub("log", "a table: [log]"))
	l.events(cfg, root.sub("events", "a table: [events]"))
	l.approval(cfg, root.sub("approval", "a table: [approval]"))
	l.plugins(cfg, root.sub("plugins", "a table: [plugins]"))
	l.retention(cfg, root.sub("retention", "a table: [retention]"))
	l.telemetry(cfg, root.sub("telemetry", "a table: [telemetry]"))

	// The order of this map is random; complete sorts the providers.
	providers := root.sub("providers", "a table of tables: [providers.NAME]")
	for name := range providers.values {
		t := providers.sub(name, "a table: [providers.NAME]")
		if t.values != nil {
			cfg.Providers = append(cfg.Providers, l.provider(name, t))
		}
	}

	tokens := root.sub("tokens", "a table of tables: [tokens.NAME]")
	for name := range tokens.values {
		t := tokens.sub(name, "a table: [tokens.NAME]")
		if t.values != nil {
			cfg.Tokens = append(cfg.Tokens, l.token(name, t))
		}
	}

	root.finish("")
	return cfg
}

// Each method below reads one table: the keys in the order of the fields they
// fill, then finish. A key that no method reads is unknown.

func (l *loader) host(cfg *Config, t *table) {
	t.text("public_url", &cfg.Host.PublicURL)
	t.text("plugin_dir", &cfg.Host.PluginDir)
	t.text("data_dir", &cfg.Host.DataDir)
	for _, i := range t.texts("token_secret", "text in quotes or a list of texts, the newest first", true) {
		cfg.Host.TokenSecrets = append(cfg.Host.TokenSecrets, sdk.NewSecret(i.text))
	}

	t.boolean("watch", &cfg.Host.Watch)
	t.duration("drain_notice", &cfg.Host.DrainNotice)
	t.boolean("require_isolation", &cfg.Host.RequireIsolation)
	t.finish("")
}

func (l *loader) http(cfg *Config, t *table) {
	t.text("listen", &cfg.HTTP.Listen)
	t.text("private_listen", &cfg.HTTP.PrivateListen)
	for _, i := range t.texts("tokens", `a list of texts, such as ["env:PAYHOST_API_TOKEN"]`, false) {
		cfg.HTTP.Tokens = append(cfg.HTTP.Tokens, sdk.NewSecret(i.text))
	}

	for _, i := range t.texts("trusted_proxies", `a list of networks, such as ["10.0.0.0/8"]`, false) {
		network, problem := parseNetwork(i.text)
		if i.ok && problem != "" && !l.unread(i.path) {
			l.add(i.path, "%s", problem)
		}

		// An invalid network is kept too: elements keep their places, so that a
		// later problem names the right one.
		cfg.HTTP.TrustedProxies = append(cfg.HTTP.TrustedProxies, network)
	}

	t.text("tls_cert", &cfg.HTTP.TLSCert)
	t.text("tls_key", &cfg.HTTP.TLSKey)
	t.finish("")
}

func (l *loader) store(c *Config, t *table) {
	var url string
	t.text("url", &url)
	if url != "" {
		c.Store.URL = sdk.NewSecret(url)
	}
	t.finish("")
}

func (l *loader) telemetry(cfg *Config, t *table) {
	t.text("otlp", &cfg.Telemetry.OTLP)
	t.finish("")
}

func (l *loader) log(cfg *Config, t *table) {
	name := "info"
	t.text("level", &name)
	level, known := levels[strings.ToLower(name)]
	cfg.Log.Level = level
	// A key that could not be read has its problem already.
	if !known && !l.unread(join(t.path, "level")) {
		l.add(
			join(t.path, "level"),
			"%q is not a level; write debug, info, warn or error",
			name,
		)
	}

	t.text("format", &cfg.Log.Format)
	t.finish("")
}

func (l *loader) events(c *Config, t *table) {
	t.text("url", &c.Events.URL)
	for _, i := range t.texts("secret", "text in quotes or a list of texts, the newest first", true) {
		c.Events.Secrets = append(c.Events.Secrets, sdk.NewSecret(i.text))
	}
	t.finish("")
}

func (l *loader) provider(name string, t *table) Provider {
	// The defaults come first, so that a zero in the file stays a zero.
	p := Provider{
		Name:          name,
		Enabled:       true,
		SequenceStart: defaultSequence,
		MaxInFlight:   defaultInFlight,
		Timeout:       defaultTimeout,
		DrainTimeout:  defaultDrain,
		PaymentTTL:    defaultTTL,
		complete:      true,
	}

	t.text("plugin", &p.Plugin)
	t.text("version", &p.Version)
	t.text("sha256", &p.SHA256)
	t.boolean("enabled", &p.Enabled)
	t.boolean("required", &p.Required)
	t.duration("timeout", &p.Timeout)
	whole(t, "max_in_flight", &p.MaxInFlight)
	t.duration("drain_timeout", &p.DrainTimeout)

	t.duration("payment_ttl", &p.PaymentTTL)
	whole(t, "sequence_start", &p.SequenceStart)
	t.text("isolation", &p.Isolation)

	p.Limits = l.limits(t.sub("limits", "a table: [providers.NAME.limits]"))

	canary := t.sub("canary", "a table: [providers.NAME.canary]")
	canary.text("version", &p.Canary.Version)
	whole(canary, "percent", &p.Canary.Percent)
	canary.finish("the keys are version and percent")

	// The plugin alone knows the keys of its own table.
	own := t.sub("config", "a table: [providers.NAME.config]")
	p.Config, p.Secrets = l.own(own)
	t.finish("the plugin's own keys go into [" + own.path + "]")

	return p
}
