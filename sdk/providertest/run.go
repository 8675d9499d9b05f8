package providertest

import (
	"testing"

	"github.com/payhost/payhost/sdk"
)

// Run proves the provider. newProvider is what the plugin's main hands to sdk.Serve. config gives a complete, valid
// configuration as JSON text whose base_url is the one given; its secrets are distinct and have at least 8 characters,
// so that they can be looked for in everything that the plugin says.
func Run[C any, P sdk.Provider](
	t *testing.T, newProvider func(C, sdk.Runtime) (P, error), config func(baseURL string) string, sim Simulator, opts ...Option,
) {
	t.Helper()
}

// Option changes how Run works.
type Option func(*settings)

type settings struct{}

// Without leaves a case out, by its name. The reason is shown in the test's output.
func Without(name, reason string) Option {
	return func(*settings) {}
}
