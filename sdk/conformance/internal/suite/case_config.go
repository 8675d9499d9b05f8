package suite

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
)

var configCases = []testCase{
	{
		name: "config schema", unconfigured: true,
		rule: `JSON Schema (2020-12) of the account's configuration. Secrets are marked "writeOnly": true, identity keys "x-payhost-identity": true.`,
		run:  configSchema,
	},
	{
		name: "config unknown key", unconfigured: true,
		rule: "Configure decodes strictly: an unknown key is an error.",
		run: func(run *caseRun) {
			run.refused(with(run.members(), "no_such_key", `1`), "a configuration with an unknown key", "no_such_key")
		},
	},
	{
		name: "config missing key", unconfigured: true,
		rule: "All problems of a configuration are reported in one answer, each with its key.",
		run:  configMissingKey,
	},
	{
		name: "config wrong type", unconfigured: true,
		rule: "All problems of a configuration are reported in one answer, each with its key.",
		run:  configWrongType,
	},
	{
		name: "config several mistakes", unconfigured: true,
		rule: "All problems of a configuration are reported in one answer, each with its key.",
		run:  configSeveralMistakes,
	},
	{
		name: "config not an object", unconfigured: true,
		rule: "The account's configuration is JSON text (one object).",
		run: func(run *caseRun) {
			for _, text := range []string{``, `null`, `[]`, `"text"`, `{`, `{} {}`, `not JSON`} {
				_, err := run.client.Configure(run.ctx, accountName, json.RawMessage(text))
				run.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "Configure with %q", text)
			}
		},
	},
	{
		name: "config environment", unconfigured: true,
		rule: `Every plugin's own config has environment ("sandbox" or "live"; no default) and an optional base_url.`,
		run: func(run *caseRun) {
			run.refused(with(run.members(), "environment", `"production"`), "another environment", "environment")
			run.refused(with(run.members(), "base_url", `"not a URL"`), "a base_url that is none", "base_url")
		},
	},
	{
		name: "config identity",
		rule: "A digest of the configuration that says who we are to the provider. It changes exactly when one of those values changes, and reveals none of them.",
		run:  configIdentity,
	},
}

// members gives the good configuration, key by key.
func (run *caseRun) members() map[string]json.RawMessage {
	config, err := object(run.goodConfig())
	run.must(err, "the good configuration")
	return config
}

// with gives a copy of the configuration with another value under key; "" takes the key away.
func with(config map[string]json.RawMessage, key, value string) map[string]json.RawMessage {
	out := maps.Clone(config)
	if value == "" {
		delete(out, key)
	} else {
		out[key] = json.RawMessage(value)
	}
	return out
}

// JSON objects have no order, and Go writes their keys sorted: another order than config gave is part of the test.
func written(config map[string]json.RawMessage) json.RawMessage {
	text, err := json.Marshal(config)
	if err != nil {
		panic(err) // its members were JSON
	}
	return text
}

// refused tries a configuration that must be refused for each of the keys. A violation of a part of a key's value
// counts for the key.
func (run *caseRun) refused(config map[string]json.RawMessage, what string, keys ...string) {
	_, err := run.client.Configure(run.ctx, accountName, written(config))
	if !run.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "Configure with %s", what) {
		return
	}
	var e *sdk.Error
	errors.As(err, &e)
	for _, key := range keys {
		if !slices.ContainsFunc(e.Violations, func(v sdk.Violation) bool {
			rest, ok := strings.CutPrefix(v.Field, key)
			return ok && (rest == "" || rest[0] == '.' || rest[0] == '[') && v.Message != ""
		}) {
			run.fail("%s: no violation names %q; there are %v", what, key, e.Violations)
		}
	}
}

// secretName is how secrets are usually called.
var secretName = regexp.MustCompile(`secret|passw|passphrase|private|credential|api_?key|access_?key|signing_?key|token$|^token`)

// What host and command show of a configuration, and what they mask, comes from the schema alone.
func configSchema(run *caseRun) {
	s := run.schema
	if s.Type != "object" || s.AdditionalProperties == nil || *s.AdditionalProperties {
		run.fail("the schema must describe an object without further keys: type %q", s.Type)
	}
	for key := range run.members() {
		if _, known := s.Properties[key]; !known {
			run.fail("the good configuration has the key %s, which the schema does not list", key)
		}
	}
	for _, key := range s.Required {
		if _, known := s.Properties[key]; !known {
			run.fail("the schema requires %s and does not describe it", key)
		}
	}
	if !slices.Contains(s.Required, "environment") {
		run.fail("environment must be required: it says whether money is real")
	}
	for _, key := range []string{"environment", "base_url"} {
		if !s.property(key).Identity {
			run.fail("%s must be there and be marked as identity", key)
		}
	}
	for key := range s.Properties {
		p := s.property(key)
		if holdsText := len(texts(run.members()[key])) > 0; holdsText && !p.WriteOnly && secretName.MatchString(key) {
			run.fail("%s looks like a secret, but is not marked writeOnly: its type must be sdk.Secret", key)
		}
	}
}

// Each key by itself: a message that names another key sends people looking in the wrong place.
func configMissingKey(run *caseRun) {
	for _, key := range run.schema.Required {
		run.refused(with(run.members(), key, ""), "a configuration without "+key, key)
	}
}

// An object fits no key but one that is an object.
func configWrongType(run *caseRun) {
	for key := range run.schema.Properties {
		wrong := `{"wrong":true}`
		if run.schema.property(key).Type == "object" {
			wrong = `7`
		}
		run.refused(with(run.members(), key, wrong), "a value of the wrong type for "+key, key)
	}
}

// Whoever has made five mistakes must not need five reloads to hear of them.
func configSeveralMistakes(run *caseRun) {
	config := map[string]json.RawMessage{"no_such_key": json.RawMessage(`1`), "nor_this_one": json.RawMessage(`{}`)}
	run.refused(config, "several mistakes", append([]string{"no_such_key", "nor_this_one"}, run.schema.Required...)...)
}

// The fingerprint is stored with every attempt, and a repeat under another one is not made: if it changed by itself,
// recovery would stop; if it did not change, money could be sent again as somebody else.
func configIdentity(run *caseRun) {
	fingerprint := func(config map[string]json.RawMessage) string {
		info, err := run.client.Configure(run.ctx, accountName, written(config))
		run.must(err, "Configure")
		return info.IdentityFingerprint
	}
	good := run.members()
	if fingerprint(good) != run.accountInfo.IdentityFingerprint {
		run.fail("the same configuration has two fingerprints, or the order of its keys counts")
	}
	if fingerprint(with(good, "base_url", `"http://127.0.0.1:1/elsewhere"`)) == run.accountInfo.IdentityFingerprint {
		run.fail("another base_url has the same fingerprint")
	}
	for key := range run.schema.Properties {
		run.identityKey(good, key)
	}
	for key := range good {
		for _, value := range texts(good[key]) {
			if len(value) >= minSecret && strings.Contains(run.accountInfo.IdentityFingerprint, value) {
				run.fail("the fingerprint holds the value of %s", key)
			}
		}
	}
}

// identityKey changes one key. A value that the plugin does not take, and one that is no text, proves nothing.
func (run *caseRun) identityKey(good map[string]json.RawMessage, key string) {
	if len(texts(good[key])) == 0 {
		return
	}
	value := another(good[key])
	if key == "environment" {
		value = json.RawMessage(`"live"`)
	}
	info, err := run.client.Configure(run.ctx, accountName, written(with(good, key, string(value))))
	if err != nil {
		return
	}
	same := info.IdentityFingerprint == run.accountInfo.IdentityFingerprint
	if marked := run.schema.property(key).Identity; marked && same {
		run.fail("another %s has the same fingerprint", key)
	} else if !marked && !same {
		run.fail("another %s has another fingerprint, and the schema does not mark it as identity", key)
	}
}
