package suite

import (
	"net/http"
	"testing"

	"github.com/payhost/payhost/sdk"
)

func TestReadable(t *testing.T) {
	for want, said := range map[string]any{
		`[{"ID":"e1","Payment":{"Status":"succeeded"},"Reference":"pay_1"}]`: []sdk.Event{
			{ID: "e1", Reference: "pay_1", Payment: &sdk.Payment{Status: sdk.PaymentSucceeded}},
		},
		`null`: []sdk.Event(nil),
		`{"Response":{"Header":{"A":["b"]},"Status":200},"Verification":"signature"}`: &sdk.WebhookResult{
			Verification: sdk.VerifiedBySignature,
			Response:     sdk.HTTPResponse{Status: 200, Header: http.Header{"A": {"b"}}},
		},
	} {
		if got := readable(said); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}

	if got := readable(func() {}); got == "" {
		t.Error("what JSON cannot write must be said as well")
	}
}
