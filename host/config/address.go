package config

// Addresses: what they have to look like, whoever they belong to.

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// parseURL reads an absolute http or https URL. What is wrong does not quote
// it: it may hold a password.
func parseURL(text string) (u *url.URL, problem string) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return nil, "must be an absolute http or https URL, such as https://pay.example.com"
	}
	if u.User != nil {
		return nil, "must not have a user name or password"
	}
	return u, ""
}

// loopback reports whether a host's name means this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// socketPrefix stands before the path of a unix socket to listen on.
const socketPrefix = "unix:"

// ListenAddress splits where to listen into a network and an address, as
// net.Listen takes them: "tcp" and host:port, or "unix" and a path.
func ListenAddress(listen string) (network, address string) {
	if path, ok := strings.CutPrefix(listen, socketPrefix); ok {
		return "unix", path
	}
	return "tcp", listen
}

// absoluteSocket makes the path of a unix socket absolute.
func absoluteSocket(dir, listen string) string {
	if path, ok := strings.CutPrefix(listen, socketPrefix); ok {
		return socketPrefix + absolute(dir, path)
	}
	return listen
}

// checkListen judges host:port, of which the host may be empty and the port 0
// for any free one, or the path of a unix socket.
func checkListen(listen string) (problem string) {
	network, address := ListenAddress(listen)
	if network == "unix" {
		return checkSocket(address)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Sprintf(
			"%q is not an address; write host:port, such as %q",
			address,
			defaultListen,
		)
	}

	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Sprintf("%q is not a port; write a number from 0 to 65535", port)
	}

	return ""
}

// maxSocketPath is how long the path of a socket may be on every system.
const maxSocketPath = 103

// checkSocket judges the path of a socket.
func checkSocket(path string) (problem string) {
	switch {
	case path == "":
		return `unix: needs the path of a socket, such as "unix:/run/payhost/http.sock"`
	case len(path) > maxSocketPath:
		return fmt.Sprintf(
			"the path of the socket has %d characters; a socket's path may have %d",
			len(path),
			maxSocketPath,
		)

	case strings.ContainsRune(path, 0):
		return "the path of the socket has a zero character"
	}

	return ""
}

// publicURL is how the host is reached from its own machine; "" when it
// listens where only a proxy can reach it.
func publicURL(h HTTP) string {
	scheme := "http://"
	if h.TLSCert != "" {
		scheme = "https://"
	}
	network, address := ListenAddress(h.Listen)
	if network == "unix" {
		return ""
	}

	host, port, _ := net.SplitHostPort(address)
	if a, err := netip.ParseAddr(host); host == "" || (err == nil && a.IsUnspecified()) {
		host = "127.0.0.1" // listening everywhere is no address to call
	}

	return scheme + net.JoinHostPort(host, port)
}

// parseNetwork reads "10.0.0.0/8", or one address as the network of itself.
func parseNetwork(text string) (n netip.Prefix, problem string) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), ""
	}
	n, err := netip.ParsePrefix(text)

	switch {
	case err != nil:
		return n, fmt.Sprintf(
			`%q is not a network; write one such as "10.0.0.0/8", or an address`,
			text,
		)
	case n.Addr().Is4In6():
		return n, fmt.Sprintf(
			"%q is an IPv4 network in the form of IPv6; write it as IPv4",
			text,
		)

	case n != n.Masked():
		return n, fmt.Sprintf(
			"%q has bits set beyond its length; write %q",
			text,
			n.Masked(),
		)
	}

	return n, ""
}
