package config

import (
	_ "embed"
	"encoding/json"
	"os"
	"strings"
)

// sample is a config.toml with every key, its default and what it is for; all
// but two of its tables are commented out. It is what descriptions are taken
// from, so that a key is described once.
//
//go:embed sample.toml
var sample string

// Sample returns a config.toml to begin with: every key there is, with what it
// is for and its default, commented out. It loads as it is.
func Sample() string { return sample }

// kind is what may stand behind a key.
type kind string

const (
	kindText        kind = "text"
	kindFlag        kind = "flag"
	kindWhole       kind = "whole"
	kindDuration    kind = "duration"
	kindMoment      kind = "moment"
	kindTexts       kind = "texts"
	kindTextOrTexts kind = "text or texts"
	kindTable       kind = "table"
)

// note keeps what may stand behind a key. The reader of a key says it, so that
// no second list of keys can differ from what is read.
func (t *table) note(key string, what kind) {
	if t.load.keys != nil {
		t.load.keys[join(t.path, key)] = what
	}
}

// anyName stands for the names of accounts and tokens.
const anyName = "NAME"

// keysRead returns every key that is read of a file, with what may stand there.
func keysRead() map[string]kind {
	one := map[string]any{anyName: map[string]any{}}
	reading := &loader{
		report: newReport("", nil),
		lookup: os.LookupEnv,
		keys:   map[string]kind{},
	}
	reading.read(map[string]any{"providers": one, "tokens": one})

	return reading.keys
}

// Schema returns the JSON Schema (draft 7, which editors of TOML know) of
// config.toml. It holds the keys and their types: bounds, and what keys say of
// each other, is told by Load.
func Schema() ([]byte, error) {
	root := object()
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "config.toml of Payhost"

	told := descriptions()
	for path, what := range keysRead() {
		place(root, strings.Split(path, "."), property(path, what, told[path]))
	}

	return json.MarshalIndent(root, "", "  ")
}

// object returns the schema of a table without keys.
func object() map[string]any {
	return map[string]any{
		"type":                 "object",
		"additionalProperties": false,
		"properties":           map[string]any{},
	}
}

// place puts a property into the schema of the table that it belongs to.
func place(root map[string]any, path []string, found map[string]any) {
	for k, name := range path {
		within, _ := root["properties"].(map[string]any)
		if name == anyName {
			// A table whose keys are names.
			within = root
			name = "additionalProperties"
		}

		present, known := within[name].(map[string]any)
		if !known {
			present = object()
			within[name] = present
		}
		root = present
		if k == len(path)-1 {
			for key, value := range found {
				present[key] = value
			}
		}
	}
}

// property returns the schema of one key.
func property(path string, what kind, told string) map[string]any {
	text := map[string]any{"type": "string"}
	list := map[string]any{"type": "array", "items": text}
	found := map[string]any{}

	switch what {
	case kindFlag:
		found["type"] = "boolean"
	case kindWhole:
		found["type"] = "integer"
	case kindTexts:
		found = list
	case kindTextOrTexts:
		found["anyOf"] = []any{text, list}
	case kindMoment:
		// TOML's own dates have no type in JSON.
	case kindTable:
		if path == "providers."+anyName+".config" {
			found["additionalProperties"] = true // the plugin alone knows these
		}
	default:
		found["type"] = "string"
	}
	if told != "" {
		found["description"] = told
	}

	return found
}

// descriptions returns what the sample says of each key.
func descriptions() map[string]string {
	found := map[string]string{}
	table, said := "", []string{}

	for line := range strings.Lines(sample) {
		line = strings.TrimSpace(line)
		if text, is := strings.CutPrefix(line, "# "); is {
			said = append(said, text)
			continue
		}

		line = strings.TrimPrefix(line, "#")
		key, _, isKey := strings.Cut(line, " = ")
		switch {
		case strings.HasPrefix(line, "["):
			table = sampleTable(line)
			found[table] = strings.Join(said, " ")
		case isKey:
			found[join(table, strings.TrimSpace(key))] = strings.Join(said, " ")
		}
		said = nil
	}

	return found
}

// sampleTable returns the path of a table of the sample, whose account and token
// have names of their own.
func sampleTable(header string) string {
	parts := strings.Split(strings.Trim(header, "[]"), ".")
	if (len(parts) > 1) && (parts[0] == "providers" || parts[0] == "tokens") {
		parts[1] = anyName
	}
	return strings.Join(parts, ".")
}
