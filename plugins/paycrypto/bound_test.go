package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// Its length is looked at before its digits are.
func TestAPushThatIsTooLongIsNotRead(t *testing.T) {
	p := &provider{}
	for _, kind := range []string{"application/json", "application/x-www-form-urlencoded"} {
		for _, body := range []string{strings.Repeat("7", 1<<20), `{"action":` + strings.Repeat("7", maxPush) + `}`} {
			_, err := p.ParseWebhook(
				t.Context(),
				sdk.ParseWebhookRequest{Request: sdk.HTTPRequest{
					Method: http.MethodPost,
					Header: http.Header{"Content-Type": {kind}},
					Body:   []byte(body),
				}},
			)
			if (sdk.CodeOf(err) != sdk.CodeInvalidRequest) ||
				!strings.Contains(err.Error(), "more than 262144 bytes") {
				t.Errorf("%s of %d bytes: %v", kind, len(body), err)
			}
		}
	}
}
