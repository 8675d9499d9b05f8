package sdk

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Environment says whether money is real.
type Environment string

// The environments. A configuration key of this type takes nothing else.
const (
	Sandbox Environment = "sandbox"
	Live    Environment = "live"
)

// Endpoint is where the provider is. Every plugin's configuration embeds it, so that these keys are the same in all of
// them. DecodeConfig also checks, of an embedded Endpoint, that a base_url has no query and, in live, that it is https
// unless its host is this machine.
type Endpoint struct {
	Environment Environment `config:"environment,required,identity" doc:"Whether money is real."`
	BaseURL     string      `config:"base_url,identity" format:"uri" doc:"Address of the provider's API, in place of its usual one."`
}

// URL gives the address of the provider's API without a slash at its end: base_url when configured, else the one given
// here for the environment. A configuration that is an Addresser passes its Addresses.
func (e Endpoint) URL(sandbox, live string) string {
	u := e.BaseURL
	switch {
	case u != "":
	case e.Environment == Live:
		u = live
	default:
		u = sandbox
	}
	return strings.TrimRight(u, "/")
}

// OneAddress are the warnings of an account in the sandbox whose provider has the same address, and the same parameters,
// for both environments: decides says what alone makes the money play money. A base_url of its own is somebody's test
// server, of which nothing is said.
func (e Endpoint) OneAddress(decides string) []string {
	if e.Environment != Sandbox || e.BaseURL != "" {
		return nil
	}
	return []string{"the provider has one address for both environments: whether money is real depends on " + decides + " alone"}
}

// checkEndpoint gives what the tags cannot say of e, as a message about base_url; "" when nothing is wrong.
func checkEndpoint(e Endpoint) string {
	if e.BaseURL == "" {
		return ""
	}
	u, err := url.Parse(e.BaseURL)
	if err != nil {
		return badURL
	}
	if u.RawQuery != "" || u.ForceQuery || strings.Contains(e.BaseURL, "#") {
		return "must be a URL without query and fragment"
	}
	if e.Environment == Live && u.Scheme != "https" && !isLoopback(u.Hostname()) {
		return "must be https in live, unless its host is this machine"
	}
	return ""
}

// isLoopback goes by the name alone; nothing is looked up.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// badURL does not repeat the text, which may hold a password.
const badURL = "must be an absolute http or https URL without user information"

// checkURL gives what is wrong with text as an absolute http(s) URL; "" when nothing is.
func checkURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return badURL
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "must be a URL with a port from 1 to 65535"
		}
	}
	return ""
}
