package golden

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

// aCall is one with everything in it; the canary is a secret that stands
// wherever one can.
const canary = "canary-key-7a31"

func aCall() Call {
	return Call{
		Verb: "get_payment",
		Request: json.RawMessage(
			`{"payment":{"reference":"a<b","provider_reference":"` + canary + `"},"options":{"` + canary + `":1}}`,
		),
		Answer: json.RawMessage(
			`{"payment":{"message":"key ` + canary + `"},"exchanges":[{"method":"GET"}]}`,
		),
		Exchanges: []sdk.Exchange{
			{
				Method:       "POST",
				URL:          "https://a.example/api/v1/x?key=" + canary,
				RequestBody:  `{"key":"` + canary + `","n":1.50}`,
				Status:       200,
				ResponseBody: "{\"echo\":\"" + canary + "\"}\n",
				Duration:     time.Second,
				Sent:         true,
			},
			{
				Method: "GET",
				URL:    "https://b.example/y",
				Error:  "no answer from a.example: " + canary,
				Sent:   true,
			},
		},
		BaseURL: "https://a.example/api/",
		Mask:    func(s string) string { return strings.ReplaceAll(s, canary, masked) },
	}
}

func record(t *testing.T, c Call) (*Recording, string) {
	t.Helper()
	r, err := Record(c)
	if err != nil {
		t.Fatal(err)
	}

	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}

	return r, string(text)
}

// The file as people read it: stable, without secrets, durations and the place
// of the provider in what is compared.
func TestAFileIsWrittenForPeople(t *testing.T) {
	_, text := record(t, aCall())
	want, err := os.ReadFile("testdata/call.json")
	if err != nil {
		t.Fatal(err)
	}

	if text != string(want) {
		t.Errorf("it is\n%s\nand not\n%s", text, want)
	}
	slow := aCall()
	slow.Exchanges[0].Duration = time.Minute
	if _, again := record(t, slow); again != text {
		t.Errorf("it changes from run to run:\n%s", again)
	}
}

func TestAFailedCallIsKept(t *testing.T) {
	c := aCall()
	c.Err = &sdk.Error{
		Code:            sdk.CodeDeclined,
		Outcome:         sdk.OutcomeRefused,
		Message:         "a.example refused " + canary,
		ProviderCode:    "no",
		ProviderMessage: canary,
		Violations:      []sdk.Violation{{Field: "amount", Message: "not " + canary}},
	}

	r, text := record(t, c)
	if strings.Contains(text, canary) {
		t.Errorf("a secret is in it:\n%s", text)
	}
	if r.Answer != nil || r.Error.Message != "{host} refused [secret]" ||
		len(r.Exchanges) != 2 {
		t.Errorf("it is %+v", r)
	}

	for name, other := range map[string]error{
		"error.code":             &sdk.Error{Code: sdk.CodeLimit, Outcome: sdk.OutcomeRefused, ProviderCode: "no", Violations: []sdk.Violation{{Field: "amount"}}},
		"error.outcome":          &sdk.Error{Code: sdk.CodeDeclined, ProviderCode: "no", Violations: []sdk.Violation{{Field: "amount"}}},
		"error.provider_code":    &sdk.Error{Code: sdk.CodeDeclined, Outcome: sdk.OutcomeRefused, Violations: []sdk.Violation{{Field: "amount"}}},
		"error.violations":       &sdk.Error{Code: sdk.CodeDeclined, Outcome: sdk.OutcomeRefused, ProviderCode: "no"},
		"succeeded, and had":     nil,
		"error.provider_message": &sdk.Error{},
	} {
		r.Error.ProviderMessage = "words"
		if said := strings.Join(r.Compare(json.RawMessage("{}"), other), "\n"); !strings.Contains(
			said,
			name,
		) {
			t.Errorf("%v says %q and not %s", other, said, name)
		}
	}

	r.Error.ProviderMessage = masked
	if said := r.Compare(nil, c.Err); said != nil {
		t.Errorf("the same error says %q", said)
	}
	if said := r.Compare(nil, &sdk.Error{
		Code:         sdk.CodeDeclined,
		Outcome:      sdk.OutcomeRefused,
		Message:      "said otherwise",
		ProviderCode: "no",
		Violations:   []sdk.Violation{{Field: "amount", Message: "said otherwise"}},
	}); said != nil {
		t.Errorf("texts for people are compared: %q", said)
	}
}

func TestAnAnswerIsCompared(t *testing.T) {
	r, _ := record(t, aCall())
	for text, says := range map[string]string{
		`{"payment":{"message":"key x"},"exchanges":[{}]}`: "",
		`{"payment":{"message":"code x"}}`:                 "answer.payment.message: is not the same",
		`{"payment":{"message":"key x","status":"PAID"}}`:  "answer.payment.status: was not recorded",
		`[]`: "no JSON object",
	} {
		if said := strings.Join(r.Compare(json.RawMessage(text), nil), "\n"); (says == "") != (said == "") ||
			!strings.Contains(said, says) {
			t.Errorf("%s says %q, want %q", text, said, says)
		}
	}

	if said := r.Compare(nil, sdk.NotSent(sdk.CodeLimit, "too much")); len(said) != 1 ||
		!strings.Contains(said[0], "too much") {
		t.Errorf("a failure says %q", said)
	}
}

// What a signature may be over does not change on its way through a file.
func TestABodyIsKeptByteForByte(t *testing.T) {
	for text, inFile := range map[string]string{
		`{"b":1.0,"a":"<\/x>\u00e9","a":2}`: `{"b":1.0,"a":"<\/x>\u00e9","a":2}`,
		`[1,2]`:                             `[1,2]`,
		`{"a": 1}`:                          `"{\"a\": 1}"`,
		`{"a":1`:                            `"{\"a\":1"`,
		`"a"`:                               `"\"a\""`,
		"null":                              `"null"`,
		" \n":                               `" \n"`,
		"a=1&b=<":                           `"a=1&b=<"`,
	} {
		got, err := encode(Body(text), "")
		if err != nil || string(got) != inFile {
			t.Errorf("%q is %s in the file, want %s, %v", text, got, inFile, err)
		}
		var back Body
		if err := json.Unmarshal(got, &back); err != nil || string(back) != text {
			t.Errorf("%q comes back as %q, %v", text, back, err)
		}
	}
}

func TestWhatIsNoGoldenFile(t *testing.T) {
	const good = `{"verb":"a","request":{},"answer":{},"exchanges":[{"method":"GET","url":"/","status":200,"sent":true}]}`
	if _, err := Parse([]byte(good)); err != nil {
		t.Fatal(err)
	}

	for change, says := range map[string]string{
		`"verb":"a"|"verb":""`:                   "verb is missing",
		`"request":{}|"request":[]`:              "request is not an object",
		`"answer":{}|"answer":1`:                 "answer is not an object",
		`"answer":{},|`:                          "one of answer and error",
		`"answer":{}|"answer":{},"error":{}`:     "one of answer and error",
		`"method":"GET",|`:                       "exchange 1: method is missing",
		`"url":"/"|"url":"%"`:                    "exchange 1: url is none",
		`"status":200|"status":100`:              "no answer has the status 100",
		`"status":200|"status":200,"answer":1`:   "a body is a string, an object or a list",
		`"status":200|"status":200,"answr":"x"`:  "answr",
		`"status":200|"status":200,"answer":nul`: "invalid",
		`}]}|}]}{}`:                              "something follows",
	} {
		from, to, _ := strings.Cut(change, "|")
		if _, err := Parse([]byte(strings.Replace(good, from, to, 1))); err == nil ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", change, err, says)
		}
	}
}

func TestWhereTheProviderWas(t *testing.T) {
	for _, c := range []struct{ configured, went, base, kept string }{
		{"https://a.example/api", "https://a.example/api/x?y=1", "https://a.example/api", "/x?y=1"},
		{"https://a.example/api", "https://a.example/api", "https://a.example/api", "/"},
		{"https://a.example/api", "https://a.example/apix", "https://a.example/api", "https://a.example/apix"},
		{"https://u:p@a.example", "https://a.example/x", "https://a.example", "/x"},
		{"", "https://a.example:8443/api/x", "https://a.example:8443", "/api/x"},
		{"", "%", "", "%"},
	} {
		call := Call{BaseURL: c.configured, Exchanges: []sdk.Exchange{{URL: c.went}}}
		if base := baseOf(call); base != c.base || below(base, c.went) != c.kept {
			t.Errorf("%+v: %s, %s", c, base, below(base, c.went))
		}
	}
}

func TestAnswersThatWereNotKeptWhole(t *testing.T) {
	r := Recording{Exchanges: []Exchange{
		{Answer: "whole…"},
		{Answer: `{"a":"… [cut, 5000 bytes]`},
		{Answer: "[image/png, 12 bytes]"},
		{Answer: `[1,"x, 2 bytes"]`},
		{Answer: Body(strings.Repeat("x", maxText-len(cutMark)) + cutMark)},
	}}
	if got := r.NotWhole(); !slices.Equal(got, []int{2, 3, 5}) {
		t.Errorf("got %v", got)
	}

	if _, err := r.Player(""); err == nil || !strings.Contains(err.Error(), "exchange 2") {
		t.Errorf("it can be played: %v", err)
	}
}

// Whatever is in a file, reading it breaks nothing, and what can be read is
// written as something that reads the same.
func FuzzParse(f *testing.F) {
	file, err := os.ReadFile("testdata/call.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(
		[]byte(
			`{"verb":"a","request":{},"error":{"code":"x"},"exchanges":[{"method":"A","url":"/","answer":"[1, 2 bytes]"}]}`,
		),
	)

	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(data)
		if err != nil {
			return
		}
		text, err := r.Encode()
		if err != nil {
			t.Fatalf("it cannot be written: %v", err)
		}

		again, err := Parse(text)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, text)
		}
		if second, _ := again.Encode(); string(second) != string(text) {
			t.Errorf("written again it is\n%s\nand was\n%s", second, text)
		}

		_ = r.NotWhole()
		for _, e := range r.Exchanges {
			_ = newComparison(nil).body("body", string(e.Request), string(e.Answer), "")
		}
	})
}
