package providerhttp_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk/providerhttp"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		`"ok"`: "ok", `""`: "", `null`: "", `12`: "12", `12.00`: "12.00", `1.0E+25`: "1.0E+25", `-0`: "-0", `true`: "true", `false`: "false",
		`12345678901234567890123`: "12345678901234567890123", `"\u00e9\/"`: "\u00e9/", `"01"`: "01",
	} {
		got := providerhttp.Text("before")
		if err := json.Unmarshal([]byte(in), &got); err != nil || string(got) != want {
			t.Errorf("%s reads as %q, %v; want %q", in, got, err, want)
		}
	}

	for _, in := range []string{`{}`, `[]`, `["a"]`} {
		if err := json.Unmarshal([]byte(in), new(providerhttp.Text)); err == nil {
			t.Errorf("%s reads as a text", in)
		}
	}

	for _, in := range []string{``, `x`, `tru`, `"`, `1 2`} {
		if err := new(providerhttp.Text).UnmarshalJSON([]byte(in)); err == nil {
			t.Errorf("%q, which is no JSON, reads as a text", in)
		}
	}
}

func TestAmount(t *testing.T) {
	for in, want := range map[string]string{
		`"12.00"`: "12", `2.99`: "2.99", `"2.99"`: "2.99", `0`: "0", `-5`: "-5", `"-5.10"`: "-5.1", `1e2`: "100", `"1e2"`: "100", `1.5E-3`: "0.0015",
		`1.0E+25`: "10000000000000000000000000", `0.1`: "0.1", `123456789012345678901234567890.12`: "123456789012345678901234567890.12",
		`1e-50`: "0." + strings.Repeat("0", 49) + "1", `1e63`: "1" + strings.Repeat("0", 63),
	} {
		got := providerhttp.Amount{}
		if err := json.Unmarshal([]byte(in), &got); err != nil || !got.Present ||
			got.Decimal.String() != want {
			t.Errorf("%s reads as %s, %v; want %s", in, got.Decimal, err, want)
		}
	}

	for _, in := range []string{`null`, `""`} {
		got := providerhttp.Amount{Present: true}
		if err := json.Unmarshal([]byte(in), &got); err != nil || got.Present ||
			!got.Decimal.IsZero() {
			t.Errorf("%s reads as %+v, %v; want absent", in, got, err)
		}
	}

	for _, in := range []string{
		`"1,000.00"`, `"12,5"`, `"12 "`, `"+1"`, `".5"`, `"5."`, `"1e"`, `"e5"`, `"NaN"`, `"Infinity"`, `"0x10"`, `true`, `[]`, `{}`, `"12 USD"`,
		`1e64`, `1e999`, `1e1000`, `1e999999999`, `1e-999`, `1e-9999999999`, `"1e+-2"`, `"\u0661"`,
		`"` + strings.Repeat("1", 65) + `"`, `1` + strings.Repeat("0", 64),
	} {
		got := providerhttp.Amount{}
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s reads as %s", in, got.Decimal)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{`"a"`, `1.50`, `true`, `null`, `{}`, `"\ud83d"`, ` 1`} {
		f.Add([]byte(seed))
	}
	f.Add([]byte(`"` + strings.Repeat(`\n`, 1<<19) + `"`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got providerhttp.Text
		if json.Unmarshal(data, &got) != nil {
			return
		}

		// What it read, written as a string, reads the same.
		again, err := json.Marshal(string(got))
		var second providerhttp.Text
		if err != nil || json.Unmarshal(again, &second) != nil || second != got {
			t.Errorf("%q reads as %q and then as %q", data, got, second)
		}
	})
}

func FuzzAmount(f *testing.F) {
	for _, seed := range []string{`"12.00"`, `2.99`, `1e2`, `1.0E+25`, `-0.5e-3`, `null`, `1e999`} {
		f.Add([]byte(seed))
	}
	f.Add([]byte(strings.Repeat("7", 1<<20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var text providerhttp.Text
		var got providerhttp.Amount
		if json.Unmarshal(data, &got) != nil || !got.Present {
			return
		}

		if err := json.Unmarshal(data, &text); err != nil {
			t.Fatalf("%q is an amount but no text: %v", data, err)
		}
		want, ok := new(big.Rat).SetString(string(text))
		if !ok || got.Decimal.Rat().Cmp(want) != 0 || len(got.Decimal.String()) > 64 {
			t.Errorf("%q reads as %s, want %v", data, got.Decimal, want)
		}
	})
}

func TestWords(t *testing.T) {
	for in, want := range map[string]string{
		`"No"`: "No", `null`: "", `12`: "12", `false`: "", `"false"`: "false", `"cut \ud83d"`: "cut \ufffd", `true`: "true", `{"key1": ["too\n short"]}`: `{"key1":["too\n short"]}`, `[ ]`: "", `{}`: "",
	} {
		got := providerhttp.FlexibleString("before")
		if err := json.Unmarshal([]byte(in), &got); err != nil || string(got) != want {
			t.Errorf("%s reads as %q, %v; want %q", in, got, err, want)
		}
	}

	if err := new(providerhttp.FlexibleString).UnmarshalJSON([]byte(`{"a"`)); err == nil {
		t.Error("half of an object reads as words")
	}
}

func TestAmountAsMoney(t *testing.T) {
	for text, want := range map[string]string{`"12.00"`: "12 EUR", `1e2`: "100 EUR", `0`: "0 EUR", `-5`: "-5 EUR", `null`: "", `""`: ""} {
		var a providerhttp.Amount
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatal(err)
		}
		got := ""
		if m := a.Money("EUR"); m != nil {
			got = m.String()
		}

		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestTextAsMoney(t *testing.T) {
	for text, want := range map[providerhttp.Text]string{
		"12.00": "12 EUR", "1E-8": "0.00000001 EUR", "1.5e2": "150 EUR", "0": "", "-5": "", "": "", "12,5": "", "true": "", "1e999": "",
	} {
		got := ""
		if m := text.Money("EUR"); m != nil {
			got = m.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}

	if m := providerhttp.Text("1").Money("eur"); m != nil {
		t.Errorf("got %v", m)
	}
}
