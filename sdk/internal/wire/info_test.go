package wire

import (
	"testing"

	"github.com/payhost/payhost/sdk"
)

func TestAFieldThatNoRequestHasCannotBeNeeded(t *testing.T) {
	for name, want := range map[string]int{"customer.email": 0, "customer.full_name": 1, "recipient.email": 1, "": 1} {
		r := newReader()
		decodeInfo(r, EncodeInfo(&sdk.Info{Name: "acme", PaymentFields: []string{name}}))
		if len(r.problems.Invalid()) != want {
			t.Errorf("%q: %v", name, r.problems.Invalid())
		}
	}
}
