package golden_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/golden"
	"github.com/payhost/payhost/sdk/providerhttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// both returns the two ways to reach a player: a transport, and a server.
func both(
	t *testing.T,
	list ...golden.Exchange,
) map[string]func(*testing.T) (*golden.Player, *providerhttp.Client) {
	t.Helper()
	r := golden.Recording{Verb: "x", Exchanges: list}
	client := func(t *testing.T, base string, rt sdk.Runtime) *providerhttp.Client {
		t.Helper()
		c, err := providerhttp.New(rt, providerhttp.Options{BaseURL: base})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}

	return map[string]func(*testing.T) (*golden.Player, *providerhttp.Client){
		"transport": func(t *testing.T) (*golden.Player, *providerhttp.Client) {
			t.Helper()
			p, err := r.Player("https://a.invalid/api")
			if err != nil {
				t.Fatal(err)
			}
			return p, client(t, "https://a.invalid/api", sdk.Runtime{Transport: p})
		},
		"server": func(t *testing.T) (*golden.Player, *providerhttp.Client) {
			t.Helper()
			p, err := r.Player("/api")
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(p)
			t.Cleanup(server.Close)
			return p, client(t, server.URL+"/api", sdk.Runtime{})
		},
	}
}

// What became of a request becomes of it again, as a plugin sees it.
func TestAnswersArePlayed(t *testing.T) {
	for _, c := range []struct {
		name    string
		was     golden.Exchange
		status  int
		body    string
		outcome sdk.Outcome // of the failure
		says    string
	}{
		{"an answer", golden.Exchange{Status: 201, Answer: `{"a":1}`, Sent: true}, 201, `{"a":1}`, "", ""},
		{"a refusal", golden.Exchange{Status: 422, Answer: "no", Sent: true}, 422, "no", "", ""},
		{"an empty answer", golden.Exchange{Status: 204, Sent: true}, 204, "", "", ""},
		{"a refusal that the plugin calls an error", golden.Exchange{Status: 500, Answer: `{"a":1}`, Error: "HTTP 500", Sent: true}, 500, `{"a":1}`, "", ""},
		{"a redirect", golden.Exchange{Status: 302, Error: "a redirect", Sent: true}, 0, "", sdk.OutcomeUnknown, "redirect"},
		{"a lost answer", golden.Exchange{Error: "no answer", Sent: true}, 0, "", sdk.OutcomeUnknown, "no answer"},
		{"half an answer", golden.Exchange{Status: 200, Answer: `{"a":`, Error: "cut", Sent: true}, 0, "", sdk.OutcomeUnknown, "cannot be used"},
		{"an answer without its body", golden.Exchange{Status: 200, Error: "cut", Sent: true}, 0, "", sdk.OutcomeUnknown, "cannot be used"},
	} {
		c.was.Method = "POST"
		c.was.URL = "/x"
		c.was.Request = "a=1"

		for way, open := range both(t, c.was) {
			t.Run(c.name+"/"+way, func(t *testing.T) {
				p, client := open(t)
				resp, err := client.Do(
					t.Context(),
					providerhttp.Request{
						Method: "POST",
						Path:   "/x",
						Body:   providerhttp.Raw("text/plain", []byte("a=1")),
					},
				)
				if sdk.OutcomeOf(err) != c.outcome ||
					(err != nil && !strings.Contains(err.Error(), c.says)) {
					t.Fatalf("got %v, want %s %q", err, c.outcome, c.says)
				}

				if err == nil && (resp.Status != c.status || string(resp.Body) != c.body) {
					t.Errorf("got %d %s", resp.Status, resp.Body)
				}
				if wrong := p.Done(); wrong != nil {
					t.Errorf("wrong: %q", wrong)
				}
			})
		}
	}
}

func TestARequestThatWasNotSentIsNotSentAgain(t *testing.T) {
	ways := both(t, golden.Exchange{Method: "GET", URL: "/x", Error: "refused"})
	p, client := ways["transport"](t)
	if _, err := client.Do(t.Context(), providerhttp.Request{Path: "/x"}); sdk.OutcomeOf(
		err,
	) != sdk.OutcomeNotSent {
		t.Errorf("got %v", err)
	}

	if wrong := p.Done(); wrong != nil {
		t.Errorf("wrong: %q", wrong)
	}
	p, client = ways["server"](t)
	if _, err := client.Do(t.Context(), providerhttp.Request{Path: "/x"}); err == nil {
		t.Error("it was answered")
	}

	if wrong := p.Done(); len(wrong) != 1 ||
		!strings.Contains(wrong[0], "a server cannot play") {
		t.Errorf("wrong: %q", wrong)
	}
}

// Other requests than the recorded ones, another order, fewer and more of them
// are all noted.
func TestRequestsThatAreNotTheRecordedOnes(t *testing.T) {
	get := func(url string) golden.Exchange {
		return golden.Exchange{
			Method: "GET",
			URL:    url,
			Status: 200,
			Answer: "a",
			Sent:   true,
		}
	}

	for _, c := range []struct {
		name  string
		paths []string
		wrong []string
	}{
		{"the same", []string{"/1", "/2"}, nil},
		{"fewer", []string{"/1"}, []string{"request 2 was not made: GET /2"}},
		{"more", []string{"/1", "/2", "/3"}, []string{"request 3 was not recorded: GET /3"}},
		{"another order", []string{"/2", "/1"}, []string{`request 1 (GET /2): the path was "/1"`, `request 2 (GET /1): the path was "/2"`}},
		{"none", nil, []string{"request 1 was not made: GET /1", "request 2 was not made: GET /2"}},
	} {
		for way, open := range both(t, get("/1"), get("/2")) {
			t.Run(c.name+"/"+way, func(t *testing.T) {
				p, client := open(t)
				for _, path := range c.paths {
					// what is wrong is noted
					_, _ = client.Do(t.Context(), providerhttp.Request{Path: path})
				}
				if got := strings.Join(p.Done(), "\n"); got != strings.Join(c.wrong, "\n") {
					t.Errorf("wrong: %s", got)
				}
			})
		}
	}
}

// A plugin may follow an address that its provider gave, to another host: only
// a transport sees where it went.
func TestAnotherHost(t *testing.T) {
	r := golden.Recording{
		Exchanges: []golden.Exchange{
			{
				Method: "GET",
				URL:    "https://b.example/x?y=1",
				Status: 200,
				Answer: "a",
				Sent:   true,
			},
		},
	}

	p, err := r.Player("https://a.invalid")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: p}).Get("https://b.example/x?y=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "a" ||
		p.Done() != nil {
		t.Errorf("got %s, %v, %q", body, err, p.Done())
	}
}
