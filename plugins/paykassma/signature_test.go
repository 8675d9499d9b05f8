package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// vectors are signatures that PHP computed.
type vectors struct {
	Meta struct {
		Postbacks []struct {
			ID        string `json:"id"`
			AccessKey string `json:"access_key"`
			Private   string `json:"private_access_key"`
			Data      string `json:"additional_data_json"`
			Signed    string `json:"signed_json"`
			Transport string `json:"transport_default_escapes"`
			Expected  string `json:"expected"`
			Escaped   string `json:"expected_if_flags_omitted_v4"`
		} `json:"postback_signatures"`
	} `json:"meta"`
	Payouts []struct {
		ID       string `json:"id"`
		Key      string `json:"private_key"`
		Data     string `json:"data_json"`
		Joined   string `json:"recursive_string"`
		Expected string `json:"expected"`
		Flat     string `json:"expected_flat_old"`
	} `json:"vectors"`
}

func readVectors(t testing.TB) (v vectors) {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}

	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Meta.Postbacks) != 8 || len(v.Payouts) != 26 {
		t.Fatalf(
			"%d vectors of postbacks and %d of payouts",
			len(v.Meta.Postbacks),
			len(v.Payouts),
		)
	}

	return v
}

func parsed(t testing.TB, text string) ordered.Value {
	t.Helper()
	v, err := ordered.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPayoutVectors(t *testing.T) {
	for _, v := range readVectors(t).Payouts {
		t.Run(v.ID, func(t *testing.T) {
			data := parsed(t, v.Data)
			if got, err := signature.PHPImplode(":", signature.KSort(data)); err != nil ||
				got != v.Joined {
				t.Errorf("joined %q, %v, want %q", got, err, v.Joined)
			}

			signed := ordered.Object(
				append(data.Members(), ordered.Pair("signature", ordered.String("x")))...)
			for _, body := range []ordered.Value{data, signed} { // a signature does not sign itself
				if got, err := payoutSignature(sdk.NewSecret(v.Key), body); err != nil ||
					got != v.Expected {
					t.Errorf("got %s, %v, want %s", got, err, v.Expected)
				}
			}
		})
	}
}

func TestPostbackVectors(t *testing.T) {
	for _, v := range readVectors(t).Meta.Postbacks {
		t.Run(v.ID, func(t *testing.T) {
			cfg := config{
				PrivateKey: []sdk.Secret{sdk.NewSecret(v.Private)},
				AccessKey:  []sdk.Secret{sdk.NewSecret(v.AccessKey)},
			}

			for _, text := range []string{v.Data, v.Signed, v.Transport} {
				if !genuine(cfg, v.Expected, parsed(t, text)) {
					t.Errorf("PHP's signature of %s does not verify", text)
				}

				for _, wrong := range []string{"", strings.ToUpper(v.Expected), v.Expected[1:], v.Expected + "0"} {
					if genuine(cfg, wrong, parsed(t, text)) {
						t.Errorf("%q verifies", wrong)
					}
				}

				if v.Escaped != v.Expected && genuine(cfg, v.Escaped, parsed(t, text)) {
					t.Error("the signature of the escaped form verifies")
				}
			}
		})
	}
}

// While keys are rotated, any pair of an old and a new one verifies, and the
// newest signs.
func TestRotation(t *testing.T) {
	v := readVectors(t).Meta.Postbacks[0]
	old := func(key string) []sdk.Secret { return []sdk.Secret{sdk.NewSecret("newer"), sdk.NewSecret(key)} }
	cfg := config{PrivateKey: old(v.Private), AccessKey: old(v.AccessKey)}
	if !genuine(cfg, v.Expected, parsed(t, v.Data)) {
		t.Error("the older keys' signature does not verify")
	}

	if genuine(config{}, signature.SHA1Hex(signature.MD5Hex(v.Data)), parsed(t, v.Data)) {
		t.Error("no keys at all verify a signature")
	}
	p, asked := answering(t, 200, `{"status":"ok"}`)
	p.cfg.PrivateKey = old(privateKey)
	if _, err := p.CreatePayout(t.Context(), payoutRequest()); err != nil {
		t.Fatal(err)
	}

	body := parsed(t, only(t, asked()).Body)
	if want, _ := payoutSignature(sdk.NewSecret("newer"), body); text(
		body,
		"signature",
	) != want {
		t.Errorf("signed %s, the newest key signs %s", text(body, "signature"), want)
	}
}

func genuine(c config, got string, data ordered.Value) bool {
	_, ok := verify(c, got, data)
	return ok
}
