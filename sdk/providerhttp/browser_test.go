package providerhttp

import (
	"reflect"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
)

func TestBrowserURL(t *testing.T) {
	for text, want := range map[string]bool{
		"https://pay.example/?id=1": true, "http://127.0.0.1:8080/p": true, "HTTPS://pay.example": true,
		"": false, "pay.example/x": false, "/x": false, "https:///x": false, "javascript:alert(1)": false,
		"https://bank.example@evil.example/": false, "upi://pay?pa=x": false, "https://pay.example/%zz": false,
		"https://pay.example/\n": false,
	} {
		if got := BrowserURL(text); got != want {
			t.Errorf("BrowserURL(%q) is %v", text, got)
		}
	}
}

func TestFindLink(t *testing.T) {
	v, err := ordered.Parse(
		[]byte(
			`{"a":"upi://pay","b":{"x":7,"y":"https://pay.example/1"},"c":"https://pay.example/2","d":[["https://pay.example/3"]]}`,
		),
	)
	if err != nil {
		t.Fatal(err)
	}

	for want, places := range map[string][]string{
		"https://pay.example/1": {"a", "b", "c"}, "https://pay.example/2": {"missing", "c", "b"}, "": {"a", "d"},
	} {
		var values []ordered.Value
		for _, place := range places {
			values = append(values, v.At(place))
		}
		if got := FindLink(values...); got != want {
			t.Errorf("in %q: %q, want %q", places, got, want)
		}
	}
}

func TestLastSegment(t *testing.T) {
	for link, want := range map[string]string{
		"https://pay.example/api/payment/23456789": "23456789", "https://pay.example/a/b%20c/?x=1#y": "b c", "https://pay.example/p/..": "",
		"https://pay.example": "", "https://pay.example/": "", "": "", "%": "",
	} {
		if got := LastSegment(link); got != want {
			t.Errorf("of %q: %q, want %q", link, got, want)
		}
	}
}

func TestRedirect(t *testing.T) {
	r := &Response{Status: 200, Body: []byte(`{"said":1}`)}
	got, err := r.Redirect("7", "https://pay.example/7")
	want := sdk.Payment{
		ProviderReference: "7",
		Status:            sdk.PaymentRequiresAction,
		NextAction:        sdk.RedirectTo("https://pay.example/7"),
	}
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, %v", got, err)
	}

	for _, c := range [][2]string{{"", "https://pay.example/7"}, {"7", "javascript:alert(7)"}, {"7", ""}} {
		got, err := r.Redirect(c[0], c[1])
		if e := sdk.AsError(err); got != nil || e == nil ||
			e.Outcome != sdk.OutcomeUnknown ||
			e.Code != sdk.CodeUnavailable ||
			e.ProviderMessage == "" {
			t.Errorf("%q: got %+v, %v", c, got, err)
		}
	}
}
