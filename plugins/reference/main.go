// Command reference is the plugin of an invented provider that can do
// everything in the contract. It is the plugin to copy for a new provider; what
// the new provider cannot do is left out. Every plugin has these files:
//
//	config.go     what the operator configures
//	provider.go   what the plugin says of itself, and the verbs
//	client.go     one request to the provider's API, and what its errors mean
//	types.go      the provider's JSON, and how it maps to the contract
//	signature.go  how the provider signs
//	webhook.go    what the provider and the returning customer send to us
package main

import "github.com/payhost/payhost/sdk/serve"

// version is set when the plugin is built.
var version = "dev"

func main() { serve.Provider(newProvider) }
