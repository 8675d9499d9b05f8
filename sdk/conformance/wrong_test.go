package conformance_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/payhost/payhost/internal/kittest"
	"github.com/payhost/payhost/sdk/conformance"
	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// What the wrong servers begin with is right: what the kit finds is their
// doing.
func TestAcmeKeepsTheContract(t *testing.T) {
	r := kittest.NewRecorder("")
	twist{}.run(r)
	for _, f := range r.Failed() {
		t.Error(f)
	}
}

// In Go the SDK sees to all of this. Each of these servers is what a plugin in
// another language can be.
func TestWrongServersAreCaught(t *testing.T) {
	kittest.Catch(t, wrongServers())
}

func TestWrongServersAreListed(t *testing.T) {
	kittest.Listed(t, "CASES.md", kittest.Kit, wrongServers())
}

func wrongServers() (list []kittest.Wrong) {
	for _, c := range []struct {
		name  string
		twist twist
		cases map[string]string // by case, a part of what it says
	}{
		{"GetInfo missing", speechless, map[string]string{
			"start": "GetInfo: internal",
		}},
		{"GetInfo of the last account", late, map[string]string{
			"info before configure": "GetInfo says something else after Configure",
		}},
		{"the version of another contract", said(func(i *wire.GetInfoResponse) { i.ContractVersion = 2 }), map[string]string{
			"info names": "the contract's version is 2, not 1",
		}},
		{"a schema open to any key", said(openSchema), map[string]string{
			"config schema": "without further keys",
		}},
		{"more than the plugin can", configured(func(a *wire.ConfigureResponse) {
			a.Capabilities = append(a.Capabilities, wire.Capability_CAPABILITY_CHECK_HEALTH)
		}), map[string]string{
			"info of the account": "the account can check_health, which the plugin cannot",
			"not supported":       "check_health, which the account declares",
		}},
		{"no fingerprint", configured(func(a *wire.ConfigureResponse) { a.IdentityFingerprint = "" }), map[string]string{
			"info of the account": "no identity fingerprint",
		}},
		{"one fingerprint for all", configured(func(a *wire.ConfigureResponse) { a.IdentityFingerprint = "acme" }), map[string]string{
			"config identity": "another base_url has the same fingerprint",
		}},
		{"the address as the fingerprint", fingerprinted("base_url"), map[string]string{
			"config identity": "another shop has the same fingerprint",
		}},
		{"the key in the fingerprint", fingerprinted("environment", "base_url", "shop", "key"), map[string]string{
			"config identity": "another key has another fingerprint",
		}},
		{"another fingerprint every time", numbering, map[string]string{
			"config identity": "the same configuration has two fingerprints",
		}},
		{"a fingerprint that tells", configured(func(a *wire.ConfigureResponse) { a.IdentityFingerprint += " of shop-0047" }), map[string]string{
			"config identity": "the fingerprint holds the value of shop",
		}},
		{"unknown keys ignored", lenient, map[string]string{
			"config unknown key":      "with a configuration with an unknown key succeeded",
			"config several mistakes": `no violation names "no_such_key"`,
		}},
		{"the first mistake only", failing(func(d *wire.ErrorDetail) { d.Violations = d.Violations[:min(len(d.Violations), 1)] }), map[string]string{
			"config several mistakes": "no violation names",
		}},
		{"mistakes without their keys", failing(func(d *wire.ErrorDetail) { d.Violations = nil }), map[string]string{
			"config missing key": `no violation names "shop"`,
			"config wrong type":  `no violation names "note"`,
			"config environment": `no violation names "base_url"`,
		}},
		{"any configuration", credulous, map[string]string{
			"config missing key":               "with a configuration without key succeeded",
			"config wrong type":                "with a value of the wrong type for note succeeded",
			"config not an object":             `Configure with "null" succeeded`,
			"config environment":               "with another environment succeeded",
			"account after a failed configure": "a wrong configuration was accepted",
			"secrets in a configuration":       "Configure accepted",
		}},
		{"the configuration in the error", talkative, map[string]string{
			"secrets in a configuration": "the error of Configure holds the value of key",
		}},
		{"the key in the error", failing(func(d *wire.ErrorDetail) { d.Message += " with " + acmeKey }), map[string]string{
			"secrets": "the error of GetBalances holds the value of key",
		}},
		{"errors without their meaning", terse, map[string]string{
			"account unknown": `get_balances for an account that is not there: got code "internal" and outcome "unknown"`,
			"not supported":   `create_payment, which the account lacks: got code "internal" and outcome "unknown"`,
		}},
		{"accounts for ever", unforgetting, map[string]string{
			"account forgotten": "get_balances for an account that is not there succeeded",
		}},
		{"no account after a mistake", fragile, map[string]string{
			"account after a failed configure": "get_balances after a configuration that was refused",
		}},
		{"deadlines ignored", untimed, map[string]string{
			"deadline over": "create_payout after its deadline: the books have it",
		}},
		{"no end of a call", deaf, map[string]string{
			"deadline passes": "the end of the request of get_balances",
			"cancel":          "the end of the request of get_balances",
		}},
		{"another amount", generous, map[string]string{
			"payout amount": "payout of 0 EUR succeeded",
			"payout limits": "payout of 2000.01 EUR succeeded",
		}},
		{"limits that do not include their ends", strict, map[string]string{
			"payout limits": "payout of 5 EUR is turned away",
		}},
		{"another operation", obliging, map[string]string{
			"operations": "an operation that is not declared succeeded",
		}},
	} {
		list = append(list, kittest.Wrong{
			Name:   c.name,
			Caught: c.cases,
			Run: func(r *kittest.Recorder) {
				c.twist.run(r, conformance.Patience(time.Second/10))
			},
		})
	}

	return list
}

func openSchema(i *wire.GetInfoResponse) {
	var schema map[string]any
	if json.Unmarshal(i.GetConfigSchema(), &schema) == nil {
		delete(schema, "additionalProperties")
		i.ConfigSchema, _ = json.Marshal(schema)
	}
}
