package golden_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/golden"
)

// A recording, and a plugin that says something else by now. An author's test
// is one line instead: providertest.Replay.
func Example() {
	recording, err := golden.Record(golden.Call{
		Verb:    "create_payment",
		Request: json.RawMessage(`{"reference":"pay_47"}`),
		Answer:  json.RawMessage(`{"payment":{"status":"PAYMENT_STATUS_PROCESSING"}}`),
		Exchanges: []sdk.Exchange{{
			Method:       "POST",
			URL:          "https://sandbox.acme.example/v1/payments",
			RequestBody:  `{"order":"pay_47","key":"[secret]"}`,
			Status:       200,
			ResponseBody: `{"state":"open"}`,
			Sent:         true,
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	player, err := recording.Player("https://acme.invalid")
	if err != nil {
		fmt.Println(err)
		return
	}

	api := http.Client{Transport: player}
	answer, err := api.Post(
		"https://acme.invalid/v1/payments",
		"application/json",
		strings.NewReader(`{"order_id":"pay_47","key":"another"}`),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	_ = answer.Body.Close()
	for _, text := range player.Done() {
		fmt.Println(text)
	}
	// Output:
	// request 1 (POST /v1/payments): body.order: is missing now
	// request 1 (POST /v1/payments): body.order_id: was not recorded, and is there now
}
