package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
)

// What PHP made of payloads, the body and the token.
func TestVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID            string `json:"id"`
			MerchantKey   string `json:"merchant_key"`
			Secret        string `json:"merchant_secret"`
			PayloadJSON   string `json:"payload_json"`
			CanonicalJSON string `json:"canonical_json"`
			ExpectedToken string `json:"expected_token"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Vectors) != 24 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}

	for _, v := range file.Vectors {
		payload, err := ordered.Parse([]byte(v.PayloadJSON))
		if err != nil {
			t.Fatal(err)
		}
		body, token, err := requestSignature(
			config{MerchantKey: v.MerchantKey, MerchantSecret: sdk.NewSecret(v.Secret)},
			payload,
		)
		if err != nil || body != v.CanonicalJSON || token != v.ExpectedToken {
			t.Errorf("%s: got %s and %s, %v", v.ID, body, token, err)
		}
	}
}

// An amount in the body is a number in its shortest form, whatever its form
// was.
func TestAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"10.00": "10", "3.20": "3.2", "1000000": "1000000", "0.01": "0.01", "19.99": "19.99", "1000": "1000",
		"9999999999999.99": "9999999999999.99", // the most that Info allows
	} {
		body, _, err := requestSignature(
			config{},
			ordered.Object(
				ordered.Pair("amount", ordered.Decimal(money(text, "USD").Amount)),
			),
		)
		if err != nil || body != `{"amount":`+want+`}` {
			t.Errorf("%s: got %s, %v", text, body, err)
		}
	}
}

// PHP would sign the secret alone.
func TestInvalidUTF8IsNotSigned(t *testing.T) {
	address, asked := answering(t, 200, `{}`)
	req := paymentRequest()
	req.Description = "Order \xff"
	_, err := newTestProvider(t, testConfig(address)).CreatePayment(t.Context(), req)
	wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
	if len(asked()) != 0 {
		t.Error("it was sent")
	}
}
