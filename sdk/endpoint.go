package sdk

import (
	"errors"
	"net/url"
	"strings"

	"github.com/payhost/payhost/sdk/internal/configschema"
)

// Environment says whether money is real.
type Environment string

// The environments. A configuration key of this type takes nothing else.
const (
	Sandbox Environment = "sandbox"
	Live    Environment = "live"
)

var errEnvironment = errors.New(`must be one of "sandbox", "live"`)

// UnmarshalText reads a configured value; anything but an environment is an
// error.
func (e *Environment) UnmarshalText(text []byte) error {
	switch read := Environment(text); read {
	case Sandbox, Live, "":
		*e = read
		return nil
	default:
		return errEnvironment
	}
}

// Endpoint is where the provider is. Every plugin's configuration embeds it, so
// that these keys are the same in all of them. DecodeConfig also checks, of an
// embedded Endpoint, that a base_url has no query and, in live, that it is
// https unless its host is this machine.
type Endpoint struct {
	Environment Environment `config:"environment,required,identity" oneof:"sandbox,live" doc:"Whether money is real."`
	BaseURL     string      `config:"base_url,identity" format:"uri" doc:"Address of the provider's API, in place of its usual one."`
}

// URL returns the address of the provider's API without a slash at its end:
// base_url when configured, else the one given here for the environment. A
// configuration that is an Addresser passes its Addresses.
func (e Endpoint) URL(sandbox, live string) string {
	address := sandbox
	switch {
	case e.BaseURL != "":
		address = e.BaseURL
	case e.Environment == Live:
		address = live
	}
	return strings.TrimRight(address, "/")
}

// OneAddress returns the warnings of an account in the sandbox whose provider
// has the same address, and the same parameters, for both environments. decides
// says what alone makes the difference, such as "the key". There is no warning
// about a base_url of the account's own, which is a test server.
func (e Endpoint) OneAddress(decides string) []string {
	if (e.Environment != Sandbox) || (e.BaseURL != "") {
		return nil
	}
	return []string{"the provider has one address for both environments: " +
		"whether money is real depends on " + decides + " alone"}
}

// Validate returns what the tags cannot say: a base_url without query and
// fragment, and https in live unless its host is this machine. It is called with
// every configuration that embeds an Endpoint.
func (e Endpoint) Validate() []Violation {
	if e.BaseURL == "" {
		return nil
	}

	var found Violations
	address, err := url.Parse(e.BaseURL)
	switch {
	case err != nil: // the format tag reports it
	case address.RawQuery != "", address.ForceQuery, strings.Contains(e.BaseURL, "#"):
		found.Add(true, "base_url", "must be a URL without query and fragment")
	case (e.Environment == Live) && (address.Scheme != "https"):
		remote := !configschema.IsLoopback(address.Hostname())
		found.Add(remote, "base_url", "must be https in live, unless its host is this machine")
	}
	return found
}
