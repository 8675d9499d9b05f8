package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// maxFile bounds a configuration file: a thousand providers have room in it.
const maxFile = 1 << 20

// Load reads a configuration file. The error is *Problems, with every mistake
// that can be found at once; then there is no Config. Load reads the files and
// environment variables that the configuration refers to, and changes nothing.
func Load(path string) (*Config, error) {
	return load(path, os.LookupEnv)
}

// loader holds what reading one file needs.
type loader struct {
	*report
	dir      string // of the file: relative paths begin here
	lookup   func(name string) (string, bool)
	literals map[string]string
}

// load is Load with the environment to look variables up in.
func load(path string, lookup func(string) (string, bool)) (*Config, error) {
	file, text, problem := readFile(path)
	if problem != "" {
		return nil, &Problems{{File: path, Message: problem}}
	}
	return loadText(path, file, text, lookup)
}

// loadText loads the text of a file: path is how problems name it, file where
// it is.
func loadText(
	path, file, text string,
	lookup func(string) (string, bool),
) (*Config, error) {
	l := &loader{report: newReport(path, nil), dir: filepath.Dir(file), lookup: lookup}
	tree, at := parse(text, l.report)
	if tree == nil {
		return nil, l.err()
	}

	l.literals = at.literals
	c := l.read(tree)
	c.File, c.lines = file, at.lines
	c.Lock = l.lock(c.LockFile())
	c.complete(l.dir)
	c.check(l.report)
	if err := l.err(); err != nil {
		return nil, err
	}

	return c, nil
}

// lock reads the lock beside the file; its mistakes are told with the file's
// own.
func (l *loader) lock(path string) *Lock {
	lock, err := LoadLock(path)
	if problems := (*Problems)(nil); errors.As(err, &problems) {
		l.problems = append(l.problems, *problems...)
	}
	return lock
}

// readFile returns the file's full path and text, or what is wrong.
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

// tables are the names of the first level.
var tables = []string{"host", "http", "store", "log", "events", "providers"}

// read turns the file's tables into a Config: types, unknown keys and
// references. Bounds are for check.
func (l *loader) read(tree map[string]any) *Config {
	c := &Config{}
	root := &table{load: l, values: tree}
	l.host(c, root.sub("host", "a table: [host]"))
	l.http(c, root.sub("http", "a table: [http]"))
	l.store(c, root.sub("store", "a table: [store]"))
	l.log(c, root.sub("log", "a table: [log]"))
	l.events(c, root.sub("events", "a table: [events]"))

	providers := root.sub("providers", "a table of tables: [providers.NAME]")
	for name := range providers.values {
		t := providers.sub(name, "a table: [providers.NAME]")
		if t.values != nil {
			c.Providers = append(c.Providers, l.provider(name, t))
		}
	}

	root.finish("")
	return c
}

// One method reads one table: the keys in the order of the fields they fill,
// then finish. A key that is not asked for here does not exist.

func (l *loader) host(c *Config, t *table) {
	t.text("public_url", &c.Host.PublicURL)
	t.text("plugin_dir", &c.Host.PluginDir)
	t.text("data_dir", &c.Host.DataDir)
	for _, i := range t.texts("token_secret", "text in quotes or a list of texts, the newest first", true) {
		c.Host.TokenSecrets = append(c.Host.TokenSecrets, sdk.NewSecret(i.text))
	}

	t.boolean("watch", &c.Host.Watch)
	t.duration("drain_notice", &c.Host.DrainNotice)
	t.boolean("require_isolation", &c.Host.RequireIsolation)
	t.finish("")
}

func (l *loader) http(c *Config, t *table) {
	t.text("listen", &c.HTTP.Listen)
	t.text("private_listen", &c.HTTP.PrivateListen)
	for _, i := range t.texts("tokens", `a list of texts, such as ["env:PAYHOST_API_TOKEN"]`, false) {
		c.HTTP.Tokens = append(c.HTTP.Tokens, sdk.NewSecret(i.text))
	}

	for _, i := range t.texts("trusted_proxies", `a list of networks, such as ["10.0.0.0/8"]`, false) {
		network, problem := parseNetwork(i.text)
		if i.ok && problem != "" && !l.unread(i.path) {
			l.add(i.path, "%s", problem)
		}

		// Also when it is none: elements keep their places, so that a later
		// problem names the right one.
		c.HTTP.TrustedProxies = append(c.HTTP.TrustedProxies, network)
	}

	t.text("tls_cert", &c.HTTP.TLSCert)
	t.text("tls_key", &c.HTTP.TLSKey)
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

func (l *loader) log(c *Config, t *table) {
	level := "info"
	t.text("level", &level)
	var ok bool
	if c.Log.Level, ok = levels[strings.ToLower(level)]; !ok &&
		!l.unread(join(t.path, "level")) {
		l.add(
			join(t.path, "level"),
			"%q is not a level; write debug, info, warn or error",
			level,
		)
	}

	t.text("format", &c.Log.Format)
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
	// The defaults come first, so that a zero in the file is a zero.
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
	own := t.sub("config", "a table: [providers.NAME.config]")
	p.Config, p.Secrets = l.own(own)
	t.finish("the plugin's own keys go into [" + own.path + "]")

	return p
}
