package rehearsal

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/golden"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAddressesOfTheProviderLeadToTheStand(t *testing.T) {
	const from, to = "https://api.example", "http://127.0.0.1:9"
	for text, want := range map[string]string{
		`{"url":"https://api.example/pay"}`:         `{"url":"http://127.0.0.1:9/pay"}`,
		`{"url":"https:\/\/api.example\/pay"}`:      `{"url":"http:\/\/127.0.0.1:9\/pay"}`,
		`https://api.example`:                       `http://127.0.0.1:9`,
		`https://api.example?a https://api.example`: `http://127.0.0.1:9?a http://127.0.0.1:9`,
		`https://api.example.org/`:                  `https://api.example.org/`,
		`https://api.example:8443/`:                 `https://api.example:8443/`,
		`http://api.example/`:                       `http://api.example/`,
		``:                                          ``,
	} {
		if got := moved(text, from, to); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got := moved("https://api.example/", "", to); got != "https://api.example/" {
		t.Errorf("without an origin: %s", got)
	}

	for address, want := range map[string]string{
		"https://api.example/v1?a=b": from,
		"https://api.example?a=b":    from,
		"/v1":                        "",
	} {
		if got := originOf(address); got != want {
			t.Errorf("%s: %q", address, got)
		}
	}
}

// ask has a program's place taken by a plain client.
func ask(t *testing.T, place *stand, method, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, place.url()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(read)
}

func TestTheStandAnswersWhatWasAnsweredThen(t *testing.T) {
	place, err := newStand()
	if err != nil {
		t.Fatal(err)
	}
	defer place.close()
	said := func(method, path, answer string) golden.Exchange {
		return golden.Exchange{
			Method: method, URL: path, Status: 200, Answer: golden.Body(answer), Sent: true,
		}
	}
	place.library = []golden.Exchange{said("GET", "/token", "kept")}

	finish := place.play([]golden.Exchange{
		said("POST", "/pay", "first https://api.example/x"),
		said("POST", "/pay", "second"),
		said("GET", "/left", "other"),
	}, "https://api.example")
	for _, c := range []struct {
		method, path, want string
		answered           int
		fits               bool
	}{
		{"POST", "/pay", "first " + place.url() + "/x", 0, true},
		{"POST", "/pay", "second", 1, true},
		{"POST", "/pay", "second", 1, false}, // once more than then
		{"GET", "/token", "kept", -1, true},
		{"GET", "/elsewhere", "other", 2, false},
	} {
		if _, body := ask(t, place, c.method, c.path); body != c.want {
			t.Errorf("%s %s: %q, want %q", c.method, c.path, body, c.want)
		}
		place.mu.Lock()
		last := place.current.requests[len(place.current.requests)-1]
		place.mu.Unlock()
		if (last.answered != c.answered) || (last.fits != c.fits) {
			t.Errorf("%s %s: %d %v", c.method, c.path, last.answered, last.fits)
		}
	}
	if status, _ := ask(t, place, "GET", "/nothing"); status != http.StatusNotImplemented {
		t.Errorf("what was never recorded is answered %d", status)
	}
	if requests := finish(); len(requests) != 6 {
		t.Errorf("%d requests", len(requests))
	}
}

func TestWhatVariesByItselfIsNotCompared(t *testing.T) {
	heardOf := func(address, signature string) *heard {
		return &heard{answer: []byte(`{}`), requests: []request{{
			Request: golden.Request{Method: "GET", Address: address},
			header:  http.Header{"Signature": {signature}},
		}}}
	}
	made := &call{webhook: nil}
	made.attempt.Verb = "create_payment"
	made.intent = &intent.Intent{}

	judge := newJudge(&redact.Set{})
	judge.learn(made, heardOf("/pay?a=1", "x"), heardOf("/pay?a=1", "y"))
	if found := judge.compare(made, heardOf("/pay?a=1", "x"), heardOf("/pay?a=1", "z")); len(found) != 0 {
		t.Errorf("%+v", found)
	}

	found := judge.compare(made, heardOf("/pay?a=1", "x"), heardOf("/pay?a=2", "z"))
	if (len(found) != 1) || (found[0].Class != "request.query.changed") {
		t.Errorf("%+v", found)
	}

	// The same part of another call was not seen to vary.
	made.attempt.Verb = "create_payout"
	found = judge.compare(made, heardOf("/pay?a=1", "x"), heardOf("/pay?a=1", "z"))
	if (len(found) != 1) || (found[0].Class != "request.header.changed") {
		t.Errorf("%+v", found)
	}
}

func TestAWebhookThatOneOfThemBelieves(t *testing.T) {
	unsigned := &heard{failure: sdk.NotSent(sdk.CodeInvalidSignature, "not signed")}
	unreadable := &heard{failure: sdk.NotSent(sdk.CodeInvalidRequest, "not read")}
	believed := &heard{answer: []byte(`{}`)}
	for _, c := range []struct {
		verb      string
		want, got *heard
		class     string
	}{
		{"parse_webhook", unsigned, believed, "event.verification"},
		{"parse_webhook", believed, unsigned, "event.verification"},
		{"parse_webhook", believed, unreadable, "event.error"},
		{"get_payment", believed, unsigned, "answer.error"},
	} {
		comparison := comparing{mask: &redact.Set{}, verb: c.verb}
		comparison.ends(c.want, c.got)
		if (len(comparison.list) != 1) || (comparison.list[0].Class != c.class) {
			t.Errorf("%s: %+v, want %s", c.verb, comparison.list, c.class)
		}
	}
}

func TestATextIsCutBetweenLetters(t *testing.T) {
	got := shown(&redact.Set{}, "a"+strings.Repeat("é", 200))
	if want := "a" + strings.Repeat("é", 99) + "…"; got != want {
		t.Errorf("%q", got)
	}
}

func TestOnlyWhatIsAllowedIsNoFailure(t *testing.T) {
	differs := func(allowed ...string) bool {
		report := &Report{}
		report.add([]Difference{{Class: "request.body.gone"}, {Class: "request.body.gone"}})
		report.conclude(allowed)
		return report.Differs
	}
	for allowed, want := range map[string]bool{
		"":                    true,
		"request.body.gone":   false,
		"request.body":        false,
		"request":             false,
		"request.body.go":     true,
		"request.body.gone.x": true,
		"answer":              true,
	} {
		if got := differs(allowed); got != want {
			t.Errorf("%q: %v", allowed, got)
		}
	}

	report := &Report{}
	report.add([]Difference{{Class: "request.body.gone"}})
	report.conclude([]string{"request", "request.bdy"})
	if !slices.Equal(report.Unneeded, []string{"request.bdy"}) {
		t.Errorf("unneeded are %q", report.Unneeded)
	}
	if differs("answer", "request") || !differs() {
		t.Error("one of several is enough, and none is none")
	}
}

// A call proves something only when the serving program still makes it as it was
// recorded.
func TestACallThatTheServingProgramMakesOtherwiseProvesNothing(t *testing.T) {
	attempt := func(outcome string) *call {
		made := &call{exchanges: []golden.Exchange{{Method: "GET", URL: "/"}}}
		made.attempt.Outcome = outcome
		return made
	}
	webhook := &call{webhook: &store.Webhook{Verified: true}}
	forged := &call{webhook: &store.Webhook{Verified: true}, forged: "a change"}

	fits := []request{{fits: true}}
	fine := &heard{requests: fits}
	refused := &heard{requests: fits, failure: sdk.Refused(sdk.CodeDeclined, "7", "no")}
	believed := &heard{answer: []byte(`{"Verification":"signature"}`)}
	doubted := &heard{answer: []byte(`{"Verification":"none"}`)}
	for _, c := range []struct {
		name        string
		made        *call
		first, last *heard
		want        string
	}{
		{"as recorded", attempt("ok"), fine, fine, ""},
		{"refused as recorded", attempt("refused"), refused, refused, ""},
		{"it cannot be made", attempt("ok"), &heard{notMade: io.EOF}, fine, reasonRequest},
		{"once so, once so", attempt("ok"), fine, refused, reasonUnlike},
		{"a request more", attempt("ok"), fine, &heard{}, reasonUnlike},
		{"no request", attempt("ok"), &heard{}, &heard{}, reasonOthers},
		{"another request", attempt("ok"), &heard{requests: []request{{}}}, &heard{requests: fits}, reasonOthers},
		{"another end", attempt("ok"), refused, refused, reasonEnds},
		{"a webhook", webhook, believed, believed, ""},
		{"a webhook with a question", webhook, fine, fine, reasonAsks},
		{"a webhook that is too old", webhook, doubted, doubted, reasonProof},
		{"a forged one", forged, doubted, doubted, ""},
	} {
		if got := c.made.unsound(c.first, c.last); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestForgedCopiesDifferFromTheWebhook(t *testing.T) {
	genuine := call{webhook: &store.Webhook{Request: sdk.HTTPRequest{
		Header: http.Header{"Content-Type": {"application/json"}, "Signature": {"abc"}},
		Body:   []byte(`{"amount":"60.00","id":"z9"}`),
	}}}
	list := forgeries(genuine)
	if len(list) != 3 {
		t.Fatalf("%d copies", len(list))
	}
	if got := string(list[0].webhook.Request.Body); got != `{"amount":"60.00","id":"z8"}` {
		t.Error(got)
	}
	if got := string(list[1].webhook.Request.Body); got != `{"amount":"70.00","id":"z9"}` {
		t.Error(got)
	}
	if got := list[2].webhook.Request.Header; (len(got) != 1) || (got.Get("Content-Type") == "") {
		t.Error(got)
	}
	if got := string(genuine.webhook.Request.Body); got != `{"amount":"60.00","id":"z9"}` {
		t.Error("the webhook itself has changed: ", got)
	}
}
