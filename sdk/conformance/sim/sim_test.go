package sim

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a simulator whose API says "api" and reads what it is sent, with
// a page beside it.
func serve(t *testing.T, c *Core) string {
	t.Helper()
	c.HandleFunc("GET /pay/{id}", func(w http.ResponseWriter, r *http.Request) {
		Page{
			Provider: "Acme <1>",
			Amount:   "60.00",
			Currency: "EUR",
			Open:     true,
			Rows:     []Row{{Name: "Order", Value: r.PathValue("id")}},
		}.Show(
			w,
		)
	})

	c.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			Reply(w, http.StatusRequestEntityTooLarge, "too large")
			return
		}
		Reply(w, http.StatusOK, map[string]string{"base": c.Base(r), "api": c.APIBase(r)})
	}))

	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	return s.URL
}

func call(t *testing.T, method, address, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(
		t.Context(),
		method,
		address,
		strings.NewReader(body),
	)
	if err != nil {
		t.Fatal(err)
	}

	req.Header.Set("X-Forwarded-Host", "between.example")
	resp, err := sender.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}

	return resp.StatusCode, string(text)
}

// The faults are the API's: pages and control are spared.
func TestWhatIsServed(t *testing.T) {
	c := &Core{PublicURL: "http://public.example/acme", MaxBody: 10}
	address := serve(t, c)

	for _, step := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/x", "short", 200, `{"api":"http://between.example","base":"http://public.example/acme"}`},
		{"POST", "/x", "longer than ten", 413, ""},
		{"PUT", "/_simulator/notify-url", "http://a.b", 204, ""},
		{"PUT", "/_simulator/notify-url", "nowhere", 400, ""},
		{"POST", "/_simulator/faults", "{}", 400, ""},
		{"GET", "/_simulator/books", "", 200, `{"entries":[]}`},
		{"GET", "/pay/7", "", 200, "<dt>Order</dt><dd>7</dd>"},
	} {
		if status, body := call(t, step.method, address+step.path, step.body); status != step.status ||
			!strings.Contains(body, step.says) {
			t.Errorf("%s %s: %d %s", step.method, step.path, status, body)
		}
	}

	if got := c.NotifyURL(); got != "http://a.b" {
		t.Errorf("notices go to %q", got)
	}
	if err := c.Faults().Add(fault.Fault{Kind: fault.Error, Status: 503}); err != nil {
		t.Fatal(err)
	}

	for path, want := range map[string]int{"/x": 503, "/pay/7": 200, "/_simulator/books": 200} {
		if status, _ := call(t, "GET", address+path, ""); status != want {
			t.Errorf("%s: %d with a fault", path, status)
		}
	}
}

func TestBooks(t *testing.T) {
	var c Core
	ids := []string{"1", "1", "2", "2", "3"}
	newID := func() string { id := ids[0]; ids = ids[1:]; return id }

	for _, kind := range []ledger.Kind{ledger.Payment, ledger.Payment, ledger.Payment} {
		c.Enter(
			ledger.Entry{Kind: kind, OrderID: "a", Amount: decimal.NewFromInt(1)},
			newID,
		)
	}

	c.Enter(ledger.Entry{Kind: ledger.Payout, OrderID: "a"}, func() string { return "1" })
	var got []string
	for _, e := range c.OfOrder(ledger.Payment, "a") {
		got = append(got, e.ID)
	}

	if !slices.Equal(got, []string{"1", "2", "3"}) ||
		len(c.OfOrder(ledger.Payment, "")) != 0 ||
		len(c.OfOrder(ledger.Payout, "a")) != 1 {
		t.Errorf("entered as %q", got)
	}
}

// A notice is sent until it is accepted, as often and as well signed as the
// faults say, and not at all when nobody asked.
func TestSend(t *testing.T) {
	var mu sync.Mutex
	var got []string
	shop := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			defer mu.Unlock()
			got = append(
				got,
				r.Method+" "+r.URL.RawQuery+" "+string(
					body,
				)+" "+r.Header.Get(
					"Content-Type",
				),
			)

			w.WriteHeader(500 - 100*len(got)) // 400, 300, 200
		}),
	)
	defer shop.Close()

	well := func(resp *http.Response) bool { return resp.StatusCode < 400 }
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the notice does not hang on whoever caused it

	for _, c := range []struct {
		name   string
		sends  bool
		fault  fault.Kind
		to     string
		notice sdk.HTTPRequest
		tries  int
		want   []string
	}{
		{"accepted at last", true, "", shop.URL + "/?t=1", Posted("text/plain", "x"), 5, []string{"POST t=1 x text/plain", "POST t=1 x text/plain"}},
		{"not accepted", true, "", shop.URL, Posted("text/plain", "x"), 1, []string{"POST  x text/plain"}},
		{"in the query", true, "", shop.URL + "/?t=1", Got("a=2"), 1, []string{"GET t=1&a=2  "}},
		{"twice", true, fault.Duplicate, shop.URL, Got("a=2"), 1, []string{"GET a=2  ", "GET a=2  "}},
		{"nobody asked", false, "", shop.URL, Got("a=2"), 1, nil},
		{"nowhere", true, "", "", Got("a=2"), 1, nil},
		{"no address", true, "", "%zz", Got("a=2"), 3, nil},
	} {
		got = nil
		core := Core{SendWebhooks: c.sends}
		if c.fault != "" {
			if err := core.Faults().Add(fault.Fault{Kind: c.fault, Times: 1}); err != nil {
				t.Fatal(err)
			}
		}

		core.Send(ctx, c.to, c.notice, c.tries, well)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}

	var core Core
	if err := core.Faults().Add(fault.Fault{Kind: fault.WrongSignature, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if first, second := core.Key("k"), core.Key("k"); first == "k" || second != "k" {
		t.Errorf("signed with %q, then %q", first, second)
	}
}

func TestPage(t *testing.T) {
	show := func(p Page) string {
		w := httptest.NewRecorder()
		p.Show(w)
		if w.Header().Get("Content-Security-Policy") == "" {
			t.Error("no policy")
		}
		return w.Body.String()
	}

	p := Page{
		Provider: "Acme <1>",
		Mode:     "sandbox",
		Amount:   "60.00",
		Currency: "EUR",
		Back:     true,
		Rows:     []Row{{"Status", "paid & done"}},
	}

	closed := show(p)
	p.Open = true
	p.Cards = []Row{{"4242 · pays", "4242"}}
	p.Cancel = "fail"
	open := show(p)

	for text, in := range map[string][2]bool{
		"Acme &lt;1&gt; simulator · sandbox · no real money": {true, true}, "<dt>Status</dt><dd>paid &amp; done</dd>": {true, true},
		"Back to the shop": {true, false}, `value="pay">Pay 60.00 EUR`: {false, true}, `value="fail"`: {false, true}, `<option value="4242">`: {false, true},
	} {
		if strings.Contains(closed, text) != in[0] ||
			strings.Contains(open, text) != in[1] {
			t.Errorf(
				"%s: closed %v, open %v",
				text,
				strings.Contains(closed, text),
				strings.Contains(open, text),
			)
		}
	}

	p.Open, p.Back = false, false
	if strings.Contains(show(p), "<form") {
		t.Error("there is nothing to press, and a form")
	}
}

func TestConfig(t *testing.T) {
	got := Config(map[string]any{"b": "x", "a": []string{"y"}, "none": ""})
	if got != `{"a":["y"],"b":"x"}` {
		t.Errorf("got %s", got)
	}
}
