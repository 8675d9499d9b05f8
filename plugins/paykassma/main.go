// Command paykassma is the plugin for Paykassma: payments into wallets that the
// customer then proves, or on pages, and payouts. Every merchant has a server
// of its own.
//
// One file has one role, the same in every plugin: config.go what the operator
// writes, provider.go the verbs, client.go the calls and what their errors
// mean, types.go what the answers look like, signature.go what is signed,
// webhook.go what comes in.
//
// Comments say where a rule comes from: [doc] the provider's document, [seen]
// its own code or a public integration, [decided] neither says, so we chose.
package main

import "github.com/payhost/payhost/sdk/serve"

// version is set when the plugin is built.
var version = "dev"

func main() { serve.Provider(newProvider) }
