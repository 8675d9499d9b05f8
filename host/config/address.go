package config

// The form of addresses: URLs, listeners, sockets and networks.

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// parseURL reads an absolute http or https URL. The problem does not quote the
// text, which may hold a password.
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

// loopback reports whether a host's name stands for this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// socketPrefix stands before the path of a unix socket to listen on.
const socketPrefix = "unix:"

// ListenAddress splits a listener's address into the network and the address
// that net.Listen takes: "tcp" with host:port, or "unix" with a path.
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

// checkListen checks a listener's address: host:port, or the path of a unix
// socket. The host may be empty; port 0 stands for any free port.
func checkListen(listen string) (problem string) {
	network, address := ListenAddress(listen)
	if network == "unix" {
		return checkSocket(address)
	}

	// The host part may be a name, which only the listener resolves.
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

// maxSocketPath is the length of a socket's path that every system allows.
const maxSocketPath = 103

// checkSocket checks the path of a socket.
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

// publicURL returns the URL of the host on its own machine; "" when it listens
// on a socket that only a proxy can reach.
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
		host = "127.0.0.1" // every address is not one that a client can call
	}

	return scheme + net.JoinHostPort(host, port)
}

// parseNetwork reads a network such as "10.0.0.0/8". A single address becomes
// the network of itself.
func parseNetwork(text string) (n netip.Prefix, problem string) {
	// A single address is a network with all bits fixed.
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
