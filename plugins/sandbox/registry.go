package main

import (
	"net/http"

	paycrypto "github.com/payhost/payhost/plugins/paycrypto/simulator"
	paykassma "github.com/payhost/payhost/plugins/paykassma/simulator"
	paysepro "github.com/payhost/payhost/plugins/paysepro/simulator"
	ptop "github.com/payhost/payhost/plugins/ptop/simulator"
	reference "github.com/payhost/payhost/plugins/reference/simulator"
	ttrpay "github.com/payhost/payhost/plugins/ttrpay/simulator"
)

// simulators are all there are; a provider's configuration reaches its one with
// base_url http://ADDRESS/NAME.
var simulators = []simulator{
	{"paycrypto", func(publicURL string) provider {
		return paycrypto.New(paycrypto.WithPublicURL(publicURL), paycrypto.WithWebhooks())
	}},
	{"paykassma", func(publicURL string) provider {
		return paykassma.New(paykassma.WithPublicURL(publicURL), paykassma.WithWebhooks())
	}},
	{"paysepro", func(publicURL string) provider {
		return paysepro.New(paysepro.WithPublicURL(publicURL), paysepro.WithWebhooks())
	}},
	{"ptop", func(publicURL string) provider {
		return ptop.New(ptop.WithPublicURL(publicURL), ptop.WithWebhooks())
	}},
	{"reference", func(publicURL string) provider {
		return reference.New(reference.WithPublicURL(publicURL), reference.WithWebhooks())
	}},
	{"ttrpay", func(publicURL string) provider {
		return ttrpay.New(ttrpay.WithPublicURL(publicURL), ttrpay.WithWebhooks())
	}},
}

// simulator is one provider's. publicURL is the address under which it is
// served, without a slash at its end.
type simulator struct {
	name string
	make func(publicURL string) provider
}

// provider is what every simulator is: the API, and the configuration of a
// plugin for it.
type provider interface {
	http.Handler
	Config(baseURL string) string
}
