package providerhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// A provider whose secret is a query parameter, and which answers errors with
// HTTP 200.
func Example() {
	api := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("secret_key") != "s3cret" {
				fmt.Fprint(w, `{"error":"Invalid secret key"}`)
				return
			}
			fmt.Fprint(
				w,
				`{"status":"success","amount":"12.50","payment_url":"https://pay.example.com/23456789"}`,
			)
		}),
	)
	defer api.Close()

	client, err := providerhttp.New(sdk.Runtime{}, providerhttp.Options{
		BaseURL:     api.URL,
		SecretQuery: []string{"secret_key"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	create := func(ctx context.Context, secret string) (string, error) {
		resp, err := client.Do(ctx, providerhttp.Request{
			Method:     http.MethodPost,
			Path:       "/api/payment",
			Query:      url.Values{"secret_key": {secret}, "amount": {"12.50"}},
			MovesMoney: true,
		})
		if err != nil {
			return "", err // says whether it was sent
		}

		var answer struct {
			Status     providerhttp.Text   `json:"status"`
			Amount     providerhttp.Amount `json:"amount"`
			PaymentURL string              `json:"payment_url"`
			Error      string              `json:"error"`
		}
		if err := resp.DecodeJSON(&answer); err != nil {
			return "", err // no answer at all: unknown
		}

		switch {
		case answer.Error != "": // the provider's own words come before its status
			return "", sdk.Refused(sdk.CodeAuthentication, "", answer.Error)
		case answer.Status == "success" && answer.PaymentURL != "":
			return answer.PaymentURL, nil
		}

		if err := resp.StatusError(); err != nil {
			return "", err
		}

		return "", resp.Unexpected("neither an error nor a payment_url")
	}

	for _, secret := range []string{"s3cret", "wrong"} {
		if link, err := create(context.Background(), secret); err != nil {
			fmt.Println("outcome", sdk.OutcomeOf(err), "because", err)
		} else {
			fmt.Println("send the customer to", link)
		}
	}
	// Output:
	// send the customer to https://pay.example.com/23456789
	// outcome refused because authentication (refused): the provider refused the request [provider said: Invalid secret key]
}
