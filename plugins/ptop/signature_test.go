package main

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// vector is a signature that PHP computed.
type vector struct {
	ID           string        `json:"id"`
	Kind         string        `json:"kind"`
	SecretKey    string        `json:"secret_key"`
	Data         ordered.Value `json:"data"`
	SignedString string        `json:"signed_string"`
	Expected     string        `json:"expected"`

	WebsiteID    string `json:"website_id"`
	ReviverEmail string `json:"reviverEmail"`
	AmountToken  string `json:"amount_json_token"`
	TheSignature string `json:"the_signature_key"`
}

func vectors(t *testing.T, kind string, want int) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}

	var file struct {
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}

	var list []vector
	for _, v := range file.Vectors {
		if v.Kind == kind {
			list = append(list, v)
		}
	}

	if len(list) != want {
		t.Fatalf("%d vectors of the kind %s, want %d", len(list), kind, want)
	}

	return list
}

func TestNoticeVectorsAsJSON(t *testing.T) {
	for _, v := range vectors(t, "callback", 15) {
		t.Run(v.ID, func(t *testing.T) {
			verifies := func(signed string) bool {
				members := append(
					v.Data.Members(),
					ordered.Pair("signature", ordered.String(signed)),
				)
				body, err := json.Marshal(ordered.Object(members...))
				if err != nil {
					t.Fatal(err)
				}

				got, candidates := signedFields(sdk.HTTPRequest{Body: body})
				_, err = verify(sdk.NewSecret(v.SecretKey), got, candidates)
				return err == nil
			}
			if !verifies(v.Expected) {
				t.Error("PHP's signature does not verify")
			}

			for _, wrong := range []string{"", strings.ToUpper(v.Expected), v.Expected[1:], v.Expected[:63] + "g"} {
				if verifies(wrong) {
					t.Errorf("%q verifies", wrong)
				}
			}
		})
	}
}

// The same notices without JSON's types, written as PHP and as a person would
// write a boolean.
func TestNoticeVectorsAsFormAndQuery(t *testing.T) {
	for _, v := range vectors(t, "callback", 15) {
		if v.ID == "null_order" { // null leaves no trace in a form
			continue
		}

		for _, truth := range []map[string]string{{"true": "true", "false": "false"}, {"true": "1", "false": "0"}} {
			form := url.Values{"signature": {v.Expected}, "utm_source": {"ptop"}}
			for _, m := range v.Data.Members() {
				form.Set(m.Key, m.Value.Text())
				if m.Value.Kind() == ordered.KindBool {
					form.Set(m.Key, truth[m.Value.Text()])
				}
			}

			for where, req := range map[string]sdk.HTTPRequest{
				"form": {Body: []byte(form.Encode()), Query: "token=1"}, "query": {Query: form.Encode()},
			} {
				got, candidates := signedFields(req)
				if _, err := verify(sdk.NewSecret(v.SecretKey), got, candidates); err != nil {
					t.Errorf("%s as %s: %v", v.ID, where, err)
				}
			}
		}
	}
}

func TestPayoutVectors(t *testing.T) {
	for _, v := range vectors(t, "payout", 14) {
		cfg := config{
			WebsiteID:    v.WebsiteID,
			SecretKey:    sdk.NewSecret(v.SecretKey),
			TheSignature: sdk.NewSecret(v.TheSignature),
		}
		signedAmount := v.SignedString[strings.LastIndex(v.SignedString, "|")+1:]
		if got := payoutSignature(cfg, v.ReviverEmail, signedAmount); got != v.Expected {
			t.Errorf("%s: got %s, want %s", v.ID, got, v.Expected)
		}

		// What we sign for an amount that we may send is what PHP signs for the
		// number.
		amount, err := decimal.NewFromString(strings.Trim(v.AmountToken, `"`))
		number := !strings.HasPrefix(v.AmountToken, `"`)
		if err == nil && number && amount.Equal(amount.Truncate(2)) &&
			amount.String() != signedAmount {
			t.Errorf("%s: we sign %s, PHP signs %s", v.ID, amount, signedAmount)
		}
	}
}

func TestReadingsOfForms(t *testing.T) {
	for _, c := range []struct {
		form string
		want []string
	}{
		{"transaction_id=0&order_id=007", []string{`{"transaction_id":"0","order_id":"007"}`, `{"transaction_id":0,"order_id":"007"}`}},
		{"success=yes&message=1", []string{`{"success":"yes","message":"1"}`}},
		{"message=x&success=0", []string{`{"success":"0","message":"x"}`, `{"success":false,"message":"x"}`}},
		{"order_id=1.5&transaction_id=-1", []string{`{"transaction_id":"-1","order_id":"1.5"}`}},
		{"", []string{`[]`}},
	} {
		form, _ := providerhttp.Fields(sdk.HTTPRequest{Query: c.form})
		var got []string

		for _, fields := range typedFields(form) {
			text, err := signature.PHPJSON(fields)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, text)
		}

		if strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%q: got %s, want %s", c.form, got, c.want)
		}
	}
}

func TestSendingTrx(t *testing.T) {
	for sequence, want := range map[uint64]string{
		1: "000001", 35: "00000Z", 36: "000010", 607_893_735: "A1X9T3", 36*36*36*36*36*36 - 1: "ZZZZZZ",
	} {
		if got, err := sendingTrx(sequence); err != nil || got != want {
			t.Errorf("%d: got %q, %v, want %q", sequence, got, err, want)
		}
	}

	for _, sequence := range []uint64{36 * 36 * 36 * 36 * 36 * 36, 1<<64 - 1} {
		_, err := sendingTrx(sequence)
		wantError(t, err, sdk.CodeLimit, sdk.OutcomeNotSent)
	}
}
