package configschema

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// badURL does not repeat the text, which may hold a password.
const badURL = "must be an absolute http or https URL without user information"

// checkURL returns what is wrong with text as an absolute http(s) URL; "" when
// nothing is.
func checkURL(text string) string {
	address, err := url.Parse(text)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") {
		return badURL
	}
	// A password inside an address is no Secret, so nothing would mask it.
	if address.Hostname() == "" || address.User != nil {
		return badURL
	}

	if port := address.Port(); port != "" {
		if number, err := strconv.Atoi(port); err != nil || number < 1 || number > 65535 {
			return "must be a URL with a port from 1 to 65535"
		}
	}

	return ""
}

// IsLoopback reports whether host is this machine, by its name alone: nothing
// is looked up.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// canonicalURL spells an address in one way: letter case of scheme and host,
// the scheme's own port, slashes and points at the end, and the names of this
// machine do not count. Text that is no address stays as it is.
func canonicalURL(text string) string {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" {
		return text
	}

	scheme := strings.ToLower(address.Scheme)
	host := strings.TrimRight(strings.ToLower(address.Hostname()), ".")
	if IsLoopback(host) {
		host = "127.0.0.1"
	}

	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}

	// The scheme's own port may be written out or not.
	usual := map[string]string{"http": "80", "https": "443"}
	if port := address.Port(); port != "" && port != usual[scheme] {
		host += ":" + port
	}

	return scheme + "://" + host + strings.TrimRight(address.EscapedPath(), "/")
}
