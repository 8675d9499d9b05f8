package main

import (
	"net/http"

	paycrypto "github.com/payhost/payhost/plugins/paycrypto/simulator"
	paykassma "github.com/payhost/payhost/plugins/paykassma/simulator"
	ptop "github.com/payhost/payhost/plugins/ptop/simulator"
)

// simulators are all there are; a provider's configuration reaches its one with base_url http://ADDRESS/NAME.
var simulators = []simulator{
	{"paycrypto", func(publicURL string) http.Handler {
		return paycrypto.New(paycrypto.WithPublicURL(publicURL), paycrypto.WithNotices())
	}},
	{"paykassma", func(publicURL string) http.Handler {
		return paykassma.New(paykassma.WithPublicURL(publicURL), paykassma.WithNotices())
	}},
	{"ptop", func(publicURL string) http.Handler {
		return ptop.New(ptop.WithPublicURL(publicURL), ptop.WithNotices())
	}},
}

// simulator is one provider's. publicURL is the address under which it is served, without a slash at its end.
type simulator struct {
	name string
	make func(publicURL string) http.Handler
}
