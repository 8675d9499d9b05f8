package providerhttp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// payAnswer is what a plugin reads an answer into.
type payAnswer struct {
	Status providerhttp.Text   `json:"status"`
	Amount providerhttp.Amount `json:"amount"`
	Nested struct {
		ID int `json:"id"`
	} `json:"nested"`
	Any any `json:"any"`
}

func TestDecodeJSON(t *testing.T) {
	var got payAnswer
	r := &providerhttp.Response{
		Status: 200,
		Body: []byte(
			"\uFEFF {\"status\":\"ok\",\"amount\":\"12.00\",\"any\":12345678901234567890.10}\r\n",
		),
	}
	if err := r.DecodeJSON(&got); err != nil {
		t.Fatal(err)
	}

	if got.Status != "ok" || got.Amount.Decimal.String() != "12" || !got.Amount.Present {
		t.Errorf("read %+v", got)
	}
	if s, ok := got.Any.(interface{ String() string }); !ok ||
		s.String() != "12345678901234567890.10" {
		t.Errorf("a number became a %T: %v", got.Any, got.Any)
	}
}

// A body that is no answer says what it is, is doubtful, and shows its
// beginning.
func TestDecodeJSONRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"nothing":          {"", "the provider answered nothing (HTTP 502) where JSON was expected"},
		"white space":      {" \r\n", "answered nothing"},
		"null":             {"null", "answered null"},
		"HTML":             {"<!DOCTYPE html><html><h1>Bad Gateway", "the provider answered HTML (HTTP 502) where JSON was expected"},
		"HTML fragment":    {"<br />\n<b>Warning</b>: Undefined index", "answered HTML"},
		"XML":              {"<?xml version='1.0'?><error/>", "answered XML"},
		"text":             {"Internal error", "answered plain text"},
		"bad UTF-8":        {"{\"status\":\"\xff\"}", "answered bytes that are not UTF-8"},
		"binary":           {"\x1f\x8b\x08\x00", "answered bytes that are not UTF-8"},
		"truncated":        {`{"status":"success"`, "the JSON is cut off"},
		"truncated string": {`{"status":"succ`, "the JSON is cut off"},
		"a second value":   {`{"status":"ok"}{"status":"fail"}`, "something follows the JSON value"},
		"trailing HTML":    {`{"status":"ok"}<br>`, "something follows the JSON value"},
		"trailing NUL":     {"{}\x00", "something follows the JSON value"},
		"a trailing comma": {`{"status":"ok",}`, "no valid JSON, at byte"},
		"wrong kind":       {`{"nested":{"id":"canary"}}`, `field "nested.id" is of the wrong kind: string`},
		"wrong number":     {`{"nested":{"id":4711.5}}`, `field "nested.id" is of the wrong kind: number`},
		"wrong shape":      {`{"nested":[]}`, `field "nested" is of the wrong kind: array`},
		"a list":           {`[]`, "the value is of the wrong kind: array"},
		"object as text":   {`{"status":{}}`, "an object or array stands where a text was expected"},
		"no amount":        {`{"amount":"canary"}`, "an amount is no number that can be one"},
		"endless depth":    {strings.Repeat("[", 20000), "no valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &providerhttp.Response{Status: 502, Body: []byte(tc.body)}
			err := r.DecodeJSON(new(payAnswer))
			wantFailure(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown, tc.want)
			e := err.(*sdk.Error)
			if strings.Contains(e.Message, "canary") ||
				strings.Contains(e.Message, "4711") {
				t.Errorf("the message repeats a value: %s", e.Message)
			}

			if n := len([]rune(e.ProviderMessage)); n > 200 ||
				(n == 0) != (strings.TrimSpace(tc.body) == "" || strings.ContainsAny(tc.body, "\x00\x08")) {
				t.Errorf("the provider's words are %q", e.ProviderMessage)
			}
		})
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{``, `null`, `{"status":1,"amount":"1e2"}`, `{"a":"\ud800"}`, `<html>`, "\xff", `{}{}`, `[[[`} {
		f.Add([]byte(seed))
	}
	f.Add([]byte(`{"amount":[` + strings.Repeat("0,", 1<<19) + "0]}"))
	f.Add([]byte(strings.Repeat("[", 1<<20)))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := &providerhttp.Response{Status: 200, Body: body}
		if err := r.DecodeJSON(new(payAnswer)); err != nil {
			if e, ok := err.(*sdk.Error); !ok || e.Outcome != sdk.OutcomeUnknown ||
				e.Code != sdk.CodeUnavailable {
				t.Errorf("error %v", err)
			}
		}
	})
}

func TestStatusError(t *testing.T) {
	for status, want := range map[int]struct {
		code    sdk.Code
		outcome sdk.Outcome
	}{
		400: {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
		401: {sdk.CodeAuthentication, sdk.OutcomeRefused},
		402: {sdk.CodeDeclined, sdk.OutcomeRefused},
		403: {sdk.CodePermission, sdk.OutcomeRefused},
		404: {sdk.CodeNotFound, sdk.OutcomeRefused},
		405: {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
		408: {sdk.CodeUnavailable, sdk.OutcomeUnknown},
		409: {sdk.CodeDuplicate, sdk.OutcomeUnknown},
		410: {sdk.CodeNotFound, sdk.OutcomeRefused},
		418: {sdk.CodeUnavailable, sdk.OutcomeUnknown},
		422: {sdk.CodeInvalidRequest, sdk.OutcomeRefused},
		425: {sdk.CodeUnavailable, sdk.OutcomeUnknown},
		429: {sdk.CodeRateLimited, sdk.OutcomeRefused},
		500: {sdk.CodeUnavailable, sdk.OutcomeUnknown},
		501: {sdk.CodeUnavailable, sdk.OutcomeUnknown},
		503: {sdk.CodeUnavailable, sdk.OutcomeUnknown},
		522: {sdk.CodeUnavailable, sdk.OutcomeUnknown},
		999: {sdk.CodeUnavailable, sdk.OutcomeUnknown},
	} {
		r := &providerhttp.Response{
			Status: status,
			Header: http.Header{"Retry-After": {"7"}},
			Body:   []byte("go away\n"),
		}
		err := r.StatusError()
		wantFailure(t, err, want.code, want.outcome, "the provider answered HTTP ")
		if e := err.(*sdk.Error); e.ProviderMessage != "go away" ||
			e.RetryAfter != 7*time.Second {
			t.Errorf(
				"%d: provider's words %q, retry after %s",
				status,
				e.ProviderMessage,
				e.RetryAfter,
			)
		}
	}

	for _, status := range []int{200, 201, 204, 299} {
		if err := (&providerhttp.Response{Status: status}).StatusError(); err != nil {
			t.Errorf("%d is an error: %v", status, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)
	var seen []*http.Request
	rt := capture(&seen)
	rt.Now = func() time.Time { return now }
	b := newBench(t, rt, providerhttp.Options{BaseURL: "https://a.example"})
	resp, err := b.client.Do(b.ctx, providerhttp.Request{})
	if err != nil {
		t.Fatal(err)
	}

	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, " 5 ": 5 * time.Second, "86400": 24 * time.Hour, "86401": 24 * time.Hour,
		"99999999999999999999999": 24 * time.Hour, "-5": 0, "1.5": 0, "soon": 0,
		"Sun, 01 Mar 2026 12:01:00 GMT": time.Minute, "Sun, 01 Mar 2026 11:00:00 GMT": 0, "Tue, 01 Mar 2033 11:00:00 GMT": 24 * time.Hour,
	} {
		resp.Header.Set("Retry-After", text)
		if got := resp.RetryAfter(); got != want {
			t.Errorf("%q means %s, want %s", text, got, want)
		}
	}
}

func TestUnexpected(t *testing.T) {
	r := &providerhttp.Response{
		Status: 200,
		Body:   []byte("{\"a\":\n" + strings.Repeat("\u00e9", 300)),
	}
	e := r.Unexpected("no payment_url")
	wantFailure(
		t,
		e,
		sdk.CodeUnavailable,
		sdk.OutcomeUnknown,
		"the provider's answer (HTTP 200) is not what its document shows: no payment_url",
	)

	if !strings.HasPrefix(e.ProviderMessage, "{\"a\": \u00e9") ||
		len([]rune(e.ProviderMessage)) != 200 {
		t.Errorf("the provider's words are %q", e.ProviderMessage)
	}
}

// A no in the provider's words is only as clear as the status that it came
// with.
func TestRefusal(t *testing.T) {
	for _, c := range []struct {
		status  int
		code    sdk.Code
		outcome sdk.Outcome
	}{
		{200, sdk.CodeDeclined, sdk.OutcomeRefused},
		{401, sdk.CodeAuthentication, sdk.OutcomeRefused},
		{409, sdk.CodeDuplicate, sdk.OutcomeUnknown},
		{429, sdk.CodeRateLimited, sdk.OutcomeRefused},
		{500, sdk.CodeUnavailable, sdk.OutcomeUnknown},
	} {
		e := (&providerhttp.Response{Status: c.status, Header: http.Header{"Retry-After": {"7"}}}).Refusal(
			"E7",
			"no money",
		)
		if e.Code != c.code || e.Outcome != c.outcome || e.ProviderCode != "E7" ||
			e.ProviderMessage != "no money" {
			t.Errorf("HTTP %d: got %+v", c.status, e)
		}

		if waits := e.RetryAfter == 7*time.Second; waits != (c.status != 200) {
			t.Errorf("HTTP %d: waits %v", c.status, e.RetryAfter)
		}
	}
}

func TestMeanings(t *testing.T) {
	list := providerhttp.MessageCodes{
		{
			"insufficient balance",
			sdk.CodeInsufficientFunds,
		}, {"already", sdk.CodeDuplicate}, {"balance", sdk.CodeLimit},
	}

	for _, c := range []struct {
		outcome sdk.Outcome
		said    string
		code    sdk.Code
		want    sdk.Outcome
	}{
		{sdk.OutcomeRefused, "Insufficient Balance!", sdk.CodeInsufficientFunds, sdk.OutcomeRefused},
		{sdk.OutcomeRefused, "no balance, already", sdk.CodeDuplicate, sdk.OutcomeUnknown},
		{sdk.OutcomeRefused, "no", sdk.CodeDeclined, sdk.OutcomeRefused},
		{sdk.OutcomeUnknown, "insufficient balance", sdk.CodeDeclined, sdk.OutcomeUnknown},
		{sdk.OutcomeUnknown, "Already done", sdk.CodeDuplicate, sdk.OutcomeUnknown},
	} {
		e := sdk.Refused(sdk.CodeDeclined, "7", c.said)
		e.Outcome = c.outcome
		if got := list.Apply(e); got.Code != c.code || got.Outcome != c.want ||
			got.ProviderMessage != c.said {
			t.Errorf("%s, %s: got %v", c.outcome, c.said, got)
		}
	}
}
