package wire

import "github.com/hashicorp/go-plugin"

// ContractVersion is the version of the contract that this package speaks.
const ContractVersion = 1

// PluginName is the name under which go-plugin serves and dispenses the
// contract.
const PluginName = "provider"

// MaxMessageSize bounds every message between host and plugin, in bytes, in
// both directions. Two attachments and a good deal of text fit.
const MaxMessageSize = 16 << 20

// AttachVariable is the environment variable in which a host finds the plugins
// that were started by hand, as a JSON object by plugin names.
const AttachVariable = "PAYHOST_ATTACH"

// Handshake lets a program see that a Payhost host has started it. It is not a
// secret and protects nothing.
var Handshake = plugin.HandshakeConfig{
	MagicCookieKey:   "PAYHOST_PLUGIN",
	MagicCookieValue: "payhost.provider",
}
