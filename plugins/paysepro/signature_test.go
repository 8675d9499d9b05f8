package main

import (
	"encoding/json"
	"net/url"
	"os"
	"reflect"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

type vectorFile struct {
	Meta struct {
		FormBodies []struct {
			ID           string                       `json:"id"`
			Fields       map[string]providerhttp.Text `json:"fields"`
			ExpectedBody string                       `json:"expected_body"`
		} `json:"form_bodies"`
	} `json:"meta"`
	Vectors []struct {
		ID       string            `json:"id"`
		UID      providerhttp.Text `json:"uid"`
		MID      providerhttp.Text `json:"mid"`
		Country  string            `json:"country"`
		Email    string            `json:"email"`
		APIKey   string            `json:"apikey"`
		Expected string            `json:"expected"`
	} `json:"vectors"`
}

func vectors(t *testing.T) (file vectorFile) {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}

	if err := json.Unmarshal(data, &file); err != nil || len(file.Vectors) != 9 ||
		len(file.Meta.FormBodies) != 4 {
		t.Fatalf("%d and %d vectors, %v", len(file.Vectors), len(file.Meta.FormBodies), err)
	}

	return file
}

func TestSignatureVectors(t *testing.T) {
	for _, v := range vectors(t).Vectors {
		cfg := config{
			UID:    string(v.UID),
			MID:    string(v.MID),
			Email:  v.Email,
			APIKey: sdk.NewSecret(v.APIKey),
		}
		if got := requestSignature(cfg, v.Country); got != v.Expected {
			t.Errorf("%s: got %s, want %s", v.ID, got, v.Expected)
		}
	}
}

// PHP reads from our bodies what it reads from its own, in whatever order: an
// amount with our digits.
func TestFormVectors(t *testing.T) {
	for _, v := range vectors(t).Meta.FormBodies {
		want, err := url.ParseQuery(v.ExpectedBody)
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{}
		for key, value := range v.Fields {
			form.Set(key, string(value))
		}

		form.Set(
			"price",
			want.Get("price"),
		) // how a number is printed is TestPrices' matter
		if got, err := url.ParseQuery(form.Encode()); err != nil ||
			!reflect.DeepEqual(got, want) ||
			len(form.Encode()) != len(v.ExpectedBody) {
			t.Errorf("%s: %s, want %s, %v", v.ID, form.Encode(), v.ExpectedBody, err)
		}
	}
}
