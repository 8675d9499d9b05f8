package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What "config init" writes loads as it is.
func TestTheSampleLoads(t *testing.T) {
	loaded(t, t.TempDir(), Sample(), nil)
}

// The sample has every key that is read, in its table and with what it is for,
// and no other.
func TestTheSampleHasEveryKey(t *testing.T) {
	told := descriptions()
	keys := keysRead()
	for path, what := range keys {
		isNames := path == "providers" || path == "tokens" || strings.HasSuffix(path, "."+anyName)
		switch {
		case what == "":
			t.Errorf("nothing says what %s may be: its reader has to note it", path)
		case told[path] == "" && !isNames:
			t.Errorf("sample.toml does not have %s, with a line that says what it is for", path)
		}
	}

	for path := range told {
		if _, read := keys[path]; !read {
			t.Errorf("sample.toml has %s, which is not read", path)
		}
	}
}

// The whole sample is right when its tables are no comments any more.
func TestTheWholeSampleLoads(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t)
	for name, text := range map[string]string{"cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	var whole strings.Builder
	for line := range strings.Lines(Sample()) {
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") {
			line = line[1:]
		}
		whole.WriteString(line)
	}

	values := map[string]string{
		"PAYHOST_TOKEN_SECRET":  strings.Repeat("s", 32),
		"PAYHOST_API_TOKEN":     "a-token-of-the-api",
		"PAYHOST_DATABASE":      "postgres://payhost@db/payhost",
		"PAYHOST_EVENTS_SECRET": "whsec_bm90aGluZyB0byBzZWUgaGVyZSwgZ28gb24=",
		"SHOP_TOKEN":            "a-token-of-the-shop",
	}
	loaded(t, dir, whole.String(), values)
}

// The schema has the types that editors need, each key described, and refuses
// unknown keys except in what only the plugin knows.
func TestSchema(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}

	type node struct {
		Type                 string
		Description          string
		Properties           map[string]*node
		AdditionalProperties json.RawMessage
		AnyOf                []node
	}
	var root node
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	var account node
	err = json.Unmarshal(root.Properties["providers"].AdditionalProperties, &account)
	if err != nil {
		t.Fatal(err)
	}

	host := root.Properties["host"]
	isList := func(one node) bool { return one.Type == "array" }
	switch {
	case string(root.AdditionalProperties) != "false":
		t.Error("an unknown table passes")
	case host.Properties["watch"].Type != "boolean":
		t.Error("host.watch is no boolean")
	case !slices.ContainsFunc(host.Properties["token_secret"].AnyOf, isList):
		t.Error("host.token_secret is no list")
	case account.Properties["max_in_flight"].Type != "integer":
		t.Error("max_in_flight is no number")
	case account.Properties["limits"].Properties["per_second"].Description == "":
		t.Error("per_second is not described")
	case string(account.Properties["config"].AdditionalProperties) != "true":
		t.Error("the plugin's own keys are refused")
	}
}
