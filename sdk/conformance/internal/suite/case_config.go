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

const problemsRule = "All problems of a configuration are reported in one answer, each with its key."

var configCases = []testCase{
	{
		name:         "config schema",
		unconfigured: true,
		rule: "JSON Schema (2020-12) of the account's configuration. " +
			`Secrets are marked "writeOnly": true, identity keys "x-payhost-identity": true.`,
		run: configSchema,
	},
	{
		name:         "config unknown key",
		unconfigured: true,
		rule:         "Configure decodes strictly: an unknown key is an error.",
		run:          configUnknownKey,
	},
	{
		name:         "config missing key",
		unconfigured: true,
		rule:         problemsRule,
		run:          configMissingKey,
	},
	{
		name:         "config wrong type",
		unconfigured: true,
		rule:         problemsRule,
		run:          configWrongType,
	},
	{
		name:         "config several mistakes",
		unconfigured: true,
		rule:         problemsRule,
		run:          configSeveralMistakes,
	},
	{
		name:         "config not an object",
		unconfigured: true,
		rule:         "The account's configuration is JSON text (one object).",
		run:          configNotAnObject,
	},
	{
		name:         "config environment",
		unconfigured: true,
		rule: `Every plugin's own config has environment ("sandbox" or "live"; no default) ` +
			"and an optional base_url.",
		run: configEnvironment,
	},
	{
		name: "config identity",
		rule: "A digest of the configuration that says who we are to the provider. " +
			"It changes exactly when one of those values changes, and reveals none of them.",
		run: configIdentity,
	},
}

// members returns the good configuration, key by key.
func (run *caseRun) members() map[string]json.RawMessage {
	config, err := object(run.goodConfig())
	run.must(err, "the good configuration")
	return config
}

// with returns a copy of the configuration with another value under key;
// without the key when the value is "".
func with(config map[string]json.RawMessage, key, value string) map[string]json.RawMessage {
	changed := maps.Clone(config)
	if value == "" {
		delete(changed, key)
	} else {
		changed[key] = json.RawMessage(value)
	}
	return changed
}

// written returns the configuration as text. JSON objects have no order, and Go
// writes their keys sorted: another order than Target.Config has is part of the
// test.
func written(config map[string]json.RawMessage) json.RawMessage {
	text, err := json.Marshal(config)
	if err != nil {
		panic(err) // its members were JSON
	}
	return text
}

// refused tries a configuration that must be refused for each of the keys. A
// violation of a part of a key's value counts for the key.
func (run *caseRun) refused(
	config map[string]json.RawMessage,
	what string,
	keys ...string,
) {
	_, err := run.client.Configure(run.ctx, accountName, written(config))
	if !run.want(
		err,
		sdk.CodeInvalidRequest,
		sdk.OutcomeNotSent,
		"Configure with %s",
		what,
	) {
		return
	}

	// Each key needs a message of its own.
	var refusal *sdk.Error
	errors.As(err, &refusal)

	for _, key := range keys {
		names := func(violation sdk.Violation) bool {
			rest, ok := strings.CutPrefix(violation.Field, key)
			ok = ok && ((rest == "") || (rest[0] == '.') || (rest[0] == '['))
			return ok && (violation.Message != "")
		}
		if !slices.ContainsFunc(refusal.Violations, names) {
			run.fail(
				"%s: no violation names %q; there are %v",
				what,
				key,
				refusal.Violations,
			)
		}
	}
}

// secretName matches the names that secrets usually have.
var secretName = regexp.MustCompile(
	`secret|passw|passphrase|private|credential|api_?key|access_?key|signing_?key|token$|^token`,
)

// configSchema checks the schema, which alone decides what the host and its
// command show of a configuration, and what they mask.
func configSchema(run *caseRun) {
	schema := run.schema
	if (schema.Type != "object") || (schema.AdditionalProperties == nil) ||
		*schema.AdditionalProperties {
		run.fail(
			"the schema must describe an object without further keys: type %q",
			schema.Type,
		)
	}

	// Schema and plugin must know the same keys.
	for key := range run.members() {
		if _, known := schema.Properties[key]; !known {
			run.fail(
				"the good configuration has the key %s, which the schema does not list",
				key,
			)
		}
	}

	for _, key := range schema.Required {
		if _, known := schema.Properties[key]; !known {
			run.fail("the schema requires %s and does not describe it", key)
		}
	}

	// Every plugin has these two keys.
	if !slices.Contains(schema.Required, "environment") {
		run.fail("environment must be required: it says whether money is real")
	}

	for _, key := range []string{"environment", "base_url"} {
		if !schema.property(key).Identity {
			run.fail("%s must be there and be marked as identity", key)
		}
	}

	// A secret that is not marked would be shown and logged.
	for key := range schema.Properties {
		holdsText := len(texts(run.members()[key])) > 0
		if holdsText && !schema.property(key).WriteOnly && secretName.MatchString(key) {
			run.fail(
				"%s looks like a secret, but is not marked writeOnly: its type must be sdk.Secret",
				key,
			)
		}
	}
}

func configUnknownKey(run *caseRun) {
	config := with(run.members(), "no_such_key", `1`)
	run.refused(config, "a configuration with an unknown key", "no_such_key")
}

// configMissingKey leaves out each key by itself: a message that names another
// key sends the operator to the wrong place.
func configMissingKey(run *caseRun) {
	for _, key := range run.schema.Required {
		run.refused(with(run.members(), key, ""), "a configuration without "+key, key)
	}
}

// configWrongType puts an object under every key, since it fits no key but one
// that is an object.
func configWrongType(run *caseRun) {
	for key := range run.schema.Properties {
		wrong := `{"wrong":true}`
		if run.schema.property(key).Type == "object" {
			wrong = `7`
		}
		run.refused(
			with(run.members(), key, wrong),
			"a value of the wrong type for "+key,
			key,
		)
	}
}

// configSeveralMistakes makes many: an operator who has made five must not need
// five reloads to hear of them.
func configSeveralMistakes(run *caseRun) {
	config := map[string]json.RawMessage{
		"no_such_key":  json.RawMessage(`1`),
		"nor_this_one": json.RawMessage(`{}`),
	}
	keys := append([]string{"no_such_key", "nor_this_one"}, run.schema.Required...)
	run.refused(config, "several mistakes", keys...)
}

func configNotAnObject(run *caseRun) {
	for _, text := range []string{``, `null`, `[]`, `"text"`, `{`, `{} {}`, `not JSON`} {
		_, err := run.client.Configure(run.ctx, accountName, json.RawMessage(text))
		run.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "Configure with %q", text)
	}
}

func configEnvironment(run *caseRun) {
	run.refused(
		with(run.members(), "environment", `"production"`),
		"another environment",
		"environment",
	)
	run.refused(
		with(run.members(), "base_url", `"not a URL"`),
		"a base_url that is none",
		"base_url",
	)
}

// configIdentity changes the configuration and looks at the fingerprint, which
// is stored with every attempt: the host does not retry under another one. If
// it changed by itself, recovery would stop; if it did not change, money could
// be sent a second time under another identity.
func configIdentity(run *caseRun) {
	fingerprint := func(config map[string]json.RawMessage) string {
		info, err := run.client.Configure(run.ctx, accountName, written(config))
		run.must(err, "Configure")
		return info.IdentityFingerprint
	}

	good := run.members()
	usual := run.accountInfo.IdentityFingerprint
	if fingerprint(good) != usual {
		run.fail(
			"the same configuration has two fingerprints, or the order of its keys counts",
		)
	}

	if fingerprint(with(good, "base_url", `"http://127.0.0.1:1/elsewhere"`)) == usual {
		run.fail("another base_url has the same fingerprint")
	}
	// Each key by itself must count, or must not, as the schema marks it.
	for key := range run.schema.Properties {
		run.identityKey(good, key)
	}

	// The host stores and shows the fingerprint.
	for key := range good {
		for _, value := range texts(good[key]) {
			if (len(value) >= minSecret) && strings.Contains(usual, value) {
				run.fail("the fingerprint holds the value of %s", key)
			}
		}
	}
}

// identityKey changes one key. A value that the plugin refuses, and one that is
// not text, proves nothing.
func (run *caseRun) identityKey(good map[string]json.RawMessage, key string) {
	if len(texts(good[key])) == 0 {
		return
	}
	value := another(good[key])
	// The environment has only one other value.
	if key == "environment" {
		value = json.RawMessage(`"live"`)
	}

	info, err := run.client.Configure(
		run.ctx,
		accountName,
		written(with(good, key, string(value))),
	)
	if err != nil {
		return
	}

	// Both ways are wrong: to count too little, and to count too much.
	same := info.IdentityFingerprint == run.accountInfo.IdentityFingerprint
	marked := run.schema.property(key).Identity
	if marked && same {
		run.fail("another %s has the same fingerprint", key)
	}

	if !marked && !same {
		run.fail(
			"another %s has another fingerprint, and the schema does not mark it as identity",
			key,
		)
	}
}
