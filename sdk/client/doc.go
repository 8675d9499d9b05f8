// Package client is the host's end of the contract: it calls one plugin
// process, and checks every answer before it returns it, since a plugin can
// lie. Hosts and test kits use it; a plugin's own code does not.
//
// A host that starts plugins hands VersionedPlugins and Handshake to go-plugin
// and dispenses PluginName, which gives it a *Client. A caller who has
// a connection already makes a Client of it with New.
package client
