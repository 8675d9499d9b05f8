package main

import (
	"net/http"

	ptop "github.com/payhost/payhost/plugins/ptop/simulator"
)

// simulators are all there are; a provider's configuration reaches its one with base_url http://ADDRESS/NAME.
var simulators = []simulator{
	{"ptop", func(publicURL string) http.Handler {
		return ptop.New(ptop.WithPublicURL(publicURL), ptop.WithNotices())
	}},
}

// simulator is one provider's. publicURL is the address under which it is served, without a slash at its end.
type simulator struct {
	name string
	make func(publicURL string) http.Handler
}
