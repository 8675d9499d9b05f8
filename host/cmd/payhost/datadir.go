package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/payhost/payhost/host/config"
)

// socketName is the admin socket's name in data_dir.
const socketName = "payhost.sock"

// maxConfig bounds how much of a configuration is read, in bytes.
const maxConfig = 1 << 20

// socket returns the path of the admin socket of the host that runs on the
// configuration. Only host.data_dir is read, and leniently: a mistake elsewhere
// in the file must not keep an operator from looking at payments.
func (a *app) socket() string {
	dir := "var"
	if text, err := os.ReadFile(a.config); err == nil && len(text) <= maxConfig {
		if named := config.Resolve(filepath.Dir(a.config), dataDir(string(text))); named != "" {
			dir = named
		}
	}

	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(a.config), dir)
	}

	return filepath.Join(dir, socketName)
}

// dataDir finds host.data_dir in the text of a configuration; "" when the text
// does not have it.
func dataDir(text string) string {
	if dir, ok := decodeDataDir(text); ok {
		return dir
	}

	// The syntax is broken somewhere. The lines of the section [host] may still
	// be right, each for itself.
	inside := false

	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") {
			header, _, _ := strings.Cut(trimmed, "#")
			inside = strings.TrimSpace(header) == "[host]"
			continue
		}

		if !inside {
			continue
		}
		if dir, ok := decodeDataDir("[host]\n" + line); ok && dir != "" {
			return dir
		}
	}

	return ""
}

// decodeDataDir returns host.data_dir of a text that is valid TOML; ok is false
// when it is not.
func decodeDataDir(text string) (dir string, ok bool) {
	var c struct {
		Host struct {
			DataDir any `toml:"data_dir"`
		} `toml:"host"`
	}
	if _, err := toml.Decode(text, &c); err != nil {
		return "", false
	}

	dir, _ = c.Host.DataDir.(string) // a value of another type counts as absent
	return dir, true
}
