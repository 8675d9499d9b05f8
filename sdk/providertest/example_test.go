package providertest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/golden"
	"github.com/payhost/payhost/sdk/providertest"
)

type config struct {
	sdk.Endpoint
	Key sdk.Secret `config:"key,required" doc:"Sent with every request."`
}

type provider struct{}

func newProvider(config, sdk.Runtime) (*provider, error) { return &provider{}, nil }

func (*provider) Info() sdk.Info { return sdk.Info{Name: "acme", Version: "1.0.0"} }

// simulator is the provider's API in memory. One whose plugin can do more is
// also a control.Bookkeeper, a Settler, a Notifier.
type simulator struct{ http.Handler }

// One test holds a plugin to the contract: the file conformance_test.go of
// every provider.
func ExampleRun() {
	TestConformance := func(t *testing.T) {
		sim := simulator{http.NotFoundHandler()}
		configuration := func(baseURL string) string {
			text, _ := json.Marshal(
				map[string]string{
					"environment": "sandbox",
					"base_url":    baseURL,
					"key":         "a-secret-of-the-test",
				},
			)
			return string(text)
		}

		providertest.Run(t, newProvider, configuration, sim)
	}

	fmt.Printf("%T\n", TestConformance)
	// Output: func(*testing.T)
}

// A call that was recorded against the provider's sandbox with
//
//	payhost plugin call bin/plugins/acme get_balances --record plugins/acme/testdata/get_balances.json
//
// is made again without the provider. Of what differs in every request only
// that it is there is compared.
func ExampleReplay() {
	TestBalances := func(t *testing.T) {
		configuration := func(baseURL string) string {
			text, _ := json.Marshal(
				map[string]string{
					"environment": "sandbox",
					"base_url":    baseURL,
					"key":         "a-secret-of-the-test",
				},
			)
			return string(text)
		}

		providertest.Replay(
			t,
			newProvider,
			configuration,
			"testdata/get_balances.json",
			golden.Varying("time", "signature"),
		)
	}

	fmt.Printf("%T\n", TestBalances)
	// Output: func(*testing.T)
}
