// Command paykassma is the plugin for Paykassma: payments into wallets that the customer then proves, or on pages, and
// payouts. Every merchant has a server of its own.
//
// One file has one role, the same in every plugin. Comments say where a rule comes from: [doc] the provider's document,
// [seen] observed in its own code or a public integration, [decided] nobody says, so we chose.
package main

import "github.com/payhost/payhost/sdk/serve"

// version is set when the plugin is built.
var version = "dev"

func main() { serve.Provider(newProvider) }
