package client

import "github.com/payhost/payhost/sdk/internal/wire"

// ContractVersion is the version of the contract that this package speaks,
// which go-plugin negotiates.
const ContractVersion = wire.ContractVersion

// PluginName is what hosts dispense: the result is a *Client.
const PluginName = wire.PluginName

// MaxMessageSize bounds every message between host and plugin, in bytes, in
// both directions.
const MaxMessageSize = wire.MaxMessageSize

// AttachVariable is the environment variable in which a host's command finds
// the plugins that it is to use as it finds them, started by hand, instead of
// starting them: a JSON object of plugin names, as a plugin started with the
// argument "debug" prints it.
const AttachVariable = wire.AttachVariable

// Handshake lets a plugin's program see that a Payhost host has started it. It
// is not a secret and protects nothing.
var Handshake = wire.Handshake
