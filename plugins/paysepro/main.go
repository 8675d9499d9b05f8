// Command paysepro is the plugin for Paysepro: payments with the methods of one
// of a merchant's payment modules. Paysepro has no call that queries a
// payment's status: only its webhook (notification) tells it, which is not
// signed.
//
// One file has one role, the same in every plugin: config.go what the operator
// writes, provider.go the verbs, client.go the calls and what their errors
// mean, types.go what the answers look like, signature.go what is signed,
// webhook.go what comes in.
//
// Comments say where a rule comes from: [doc] the provider's document, [seen] a
// public integration, [decided] neither says, so we chose.
package main

import "github.com/payhost/payhost/sdk/serve"

// version is set when the plugin is built.
var version = "dev"

func main() { serve.Provider(newProvider) }
