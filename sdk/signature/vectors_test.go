package signature

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk/ordered"
)

// The providers' vectors in testdata come from PHP 8.2 and from the official
// SDKs of the providers (the meta object of each file says how). Tested here
// is what is general in them. Left to the plugins:
//
//   - ptop: which fields are signed, trying several types for fields that came
//     in a query, when a result counts.
//   - ttrpay: the token's form (key, point, digest).
//   - paykassma: the order of key and digest, trimming, refusing ":". The join
//     of nested values is done here only to show that it is short.
//   - paysepro: nothing but the order of the fields.
//   - paycrypto: the k=v form, fastjson's escapes and number forms, the query.
//     Given strings are signed here, and those of its PHP SDK are also made,
//     being PHP's own forms.

// load reads a file of testdata with the parser under test, which keeps the
// key order that the vectors depend on.
func load(t *testing.T, name string) ordered.Value {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}

	v, err := ordered.Parse(data)
	if err != nil {
		t.Fatal(err)
	}

	return v
}

// field walks down the keys.
func field(t *testing.T, v ordered.Value, keys ...string) ordered.Value {
	t.Helper()
	for _, key := range keys {
		inner, ok := v.Get(key)
		if !ok {
			t.Fatalf("no %q in the vector", key)
		}
		v = inner
	}
	return v
}

// each runs a test for every item of a list; least guards against a file that
// silently lost its cases.
func each(
	t *testing.T,
	list ordered.Value,
	least int,
	test func(t *testing.T, v ordered.Value, text func(string) string),
) {
	t.Helper()
	if len(list.Items()) < least {
		t.Fatalf("%d vectors, want at least %d", len(list.Items()), least)
	}
	for _, v := range list.Items() {
		t.Run(field(t, v, "id").Text(), func(t *testing.T) {
			test(t, v, func(key string) string { return field(t, v, key).Text() })
		})
	}
}

func parse(t *testing.T, text string) ordered.Value {
	t.Helper()
	v, err := ordered.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func phpJSON(t *testing.T, v ordered.Value, flags ...PHPFlag) string {
	t.Helper()
	text, err := PHPJSON(v, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func phpString(t *testing.T, v ordered.Value) string {
	t.Helper()
	text, err := PHPString(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

func TestPtopVectors(t *testing.T) {
	kinds := map[string]int{}
	each(
		t,
		field(t, load(t, "ptop.json"), "vectors"),
		29,
		func(t *testing.T, v ordered.Value, text func(string) string) {
			kinds[text("kind")]++
			var signed, key string

			switch text("kind") {
			case "callback":
				signed, key = phpJSON(t, field(t, v, "data")), text("secret_key")
			case "payout":
				amount := phpString(t, parse(t, text("amount_json_token")))
				signed = strings.Join(
					[]string{
						text("website_id"),
						text("secret_key"),
						text("reviverEmail"),
						amount,
					},
					"|",
				)

				key = text("the_signature_key")
			}

			same(t, "signed string", signed, text("signed_string"))
			same(t, "signature", HMACSHA256Hex(key, signed), text("expected"))
			if !Equal(HMACSHA256Hex(key, signed), text("expected")) {
				t.Error("Equal refuses the signature")
			}
		},
	)

	if kinds["callback"] == 0 || kinds["payout"] == 0 {
		t.Errorf("a kind is missing: %v", kinds)
	}
}

func TestTTRPayVectors(t *testing.T) {
	each(
		t,
		field(t, load(t, "ttrpay.json"), "vectors"),
		24,
		func(t *testing.T, v ordered.Value, text func(string) string) {
			signed := phpJSON(
				t,
				KSort(parse(t, text("payload_json"))),
				UnescapedUnicode,
				UnescapedSlashes,
			)
			same(t, "canonical JSON", signed, text("canonical_json"))
			same(t, "digest", MD5Hex(signed+text("merchant_secret")), text("md5"))

			same(
				t,
				"digest of the raw text",
				MD5Hex(text("payload_json")+text("merchant_secret")),
				text("md5_over_raw_text"),
			)
		},
	)
}

func TestPaykassmaPostbackVectors(t *testing.T) {
	postbacks := field(t, load(t, "paykassma.json"), "meta", "postback_signatures")
	each(t, postbacks, 8, func(t *testing.T, _ ordered.Value, text func(string) string) {
		data := parse(t, text("additional_data_json"))
		signed := phpJSON(t, data, UnescapedSlashes, UnescapedUnicode)
		same(t, "signed JSON", signed, text("signed_json"))
		same(t, "default escapes", phpJSON(t, data), text("transport_default_escapes"))
		same(t, "digest", MD5Hex(signed), text("md5"))
		same(
			t,
			"signature",
			SHA1Hex(text("access_key")+text("private_access_key")+MD5Hex(signed)),
			text("expected"),
		)

		arrived := parse(t, text("transport_default_escapes"))
		same(
			t,
			"signed JSON of the transport's form",
			phpJSON(t, arrived, UnescapedSlashes, UnescapedUnicode),
			signed,
		)
	})
}

func TestPaykassmaWithdrawalVectors(t *testing.T) {
	each(
		t,
		field(t, load(t, "paykassma.json"), "vectors"),
		24,
		func(t *testing.T, _ ordered.Value, text func(string) string) {
			joined := strings.Join(
				flatten(t, KSort(parse(t, text("data_json")).Without("signature"))),
				":",
			)
			same(t, "joined values", joined, text("recursive_string"))
			same(
				t,
				"signature",
				SHA1Hex(text("private_key")+MD5Hex(joined)),
				text("expected"),
			)
		},
	)
}

// flatten is a plugin's work; see above.
func flatten(t *testing.T, v ordered.Value) []string {
	if v.Kind() != ordered.KindArray && v.Kind() != ordered.KindObject {
		return []string{phpString(t, v)}
	}
	inner := v.Items()
	for _, m := range v.Members() {
		inner = append(inner, m.Value)
	}

	if len(inner) == 0 {
		return []string{""}
	}
	var texts []string
	for _, item := range inner {
		texts = append(texts, flatten(t, item)...)
	}

	return texts
}

func TestPayseproVectors(t *testing.T) {
	file := load(t, "paysepro.json")
	each(
		t,
		field(t, file, "vectors"),
		9,
		func(t *testing.T, v ordered.Value, text func(string) string) {
			var signed string
			for _, key := range []string{"uid", "mid", "country", "email"} {
				signed += phpString(t, field(t, v, key))
			}
			same(t, "signed string", signed, text("signed_string"))
			same(t, "signature", HMACSHA256Hex(text("apikey"), signed), text("expected"))
		},
	)

	each(
		t,
		field(t, file, "meta", "form_bodies"),
		4,
		func(t *testing.T, v ordered.Value, text func(string) string) {
			body, err := PHPQuery(field(t, v, "fields"))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "form", body, text("expected_body"))
		},
	)
}

func TestPaycryptoVectors(t *testing.T) {
	file := load(t, "paycrypto.json")
	each(
		t,
		field(t, file, "vectors"),
		40,
		func(t *testing.T, v ordered.Value, text func(string) string) {
			same(
				t,
				"signature",
				HMACSHA256Base64(text("api_secret"), text("string_to_sign_java")),
				text("expected_java"),
			)

			divergence, _ := v.Get("divergence")
			for _, sdk := range divergence.Members() {
				signed, ok := sdk.Value.Get("string_to_sign")
				if !ok {
					continue // that SDK failed
				}
				same(
					t,
					sdk.Key,
					HMACSHA256Base64(text("api_secret"), signed.Text()),
					field(t, sdk.Value, "signature").Text(),
				)

				if sdk.Key == "php" &&
					field(t, v, "body_json").Kind() == ordered.KindString {
					prefix := text(
						"timestamp_ms",
					) + text(
						"method",
					) + text(
						"api_key",
					) + text(
						"path",
					)

					same(
						t,
						"PHP's form",
						prefix+phpPairs(t, parse(t, text("body_json"))),
						signed.Text(),
					)
				}
			}
		},
	)

	each(
		t,
		field(t, file, "webhooks"),
		7,
		func(t *testing.T, _ ordered.Value, text func(string) string) {
			same(
				t,
				"signature",
				HMACSHA256Base64(text("secret"), text("string_to_sign")),
				text("expected"),
			)
		},
	)
}

// phpPairs is the k=v form of paycrypto's PHP SDK.
func phpPairs(t *testing.T, body ordered.Value) string {
	var pairs []string
	for _, m := range body.SortKeys().Members() {
		var text string
		if m.Value.Kind() == ordered.KindArray || m.Value.Kind() == ordered.KindObject {
			text = phpJSON(t, m.Value, UnescapedSlashes, UnescapedUnicode)
		} else {
			text = phpString(t, m.Value)
		}

		pairs = append(pairs, m.Key+"="+text)
	}

	return strings.Join(pairs, "&")
}
