package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, opts ...Option) (*Simulator, string) {
	t.Helper()
	s := New(opts...)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// call gives status, body and Location of the answer.
func call(
	t *testing.T,
	method, address, mediaType, token, body string,
) (int, string, string) {
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

	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}

	return resp.StatusCode, strings.TrimSpace(string(text)), resp.Header.Get("Location")
}

// example is the document's, changed.
func example(change ...string) string {
	return strings.NewReplacer(change...).
		Replace(`{"amount":3.2,"cancel_url":"https://localhost/checkout/failure","customer_email":"demo@test.com",` +
			`"customer_firstname":"abc","customer_ip":"171.251.156.58","customer_lastname":"xyz","customer_phone":"+84123456789",` +
			`"ipn_format":"json","ipn_url":"https://localhost/handleIpn","description":"Order 47","order_id":"47",` +
			`"return_url":"https://localhost/checkout/success"}`)
}

// pay makes a link.
func pay(t *testing.T, s *Simulator, address, body string) string {
	t.Helper()
	token, err := s.token([]byte(body))
	if err != nil {
		t.Fatal(err)
	}

	status, text, _ := call(
		t,
		"POST",
		address+"/v2/payment-links",
		"application/json",
		token,
		body,
	)

	var made struct {
		Status bool `json:"status"`
		Result struct {
			Code string `json:"code"`
			Link string `json:"payment_link"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(text), &made); err != nil || status != 200 ||
		!made.Status ||
		made.Result.Code != "00" {
		t.Fatalf("got %d %s, %v", status, text, err)
	}

	return made.Result.Link
}

// The simulator's own token is PHP's.
func TestVectors(t *testing.T) {
	data, err := os.ReadFile("../testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID            string `json:"id"`
			MerchantKey   string `json:"merchant_key"`
			Secret        string `json:"merchant_secret"`
			PayloadJSON   string `json:"payload_json"`
			ExpectedToken string `json:"expected_token"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}

	// Exponents and nesting are beyond what the document's fields can hold.
	beyond := map[string]bool{"nested": true, "amount_0.00001": true, "amount_1E-7": true}
	seen := 0

	for _, v := range file.Vectors {
		if beyond[v.ID] {
			continue
		}
		seen++
		token, err := New(
			WithCredentials(v.MerchantKey, v.Secret),
		).token([]byte(v.PayloadJSON))
		if err != nil || token != v.ExpectedToken {
			t.Errorf("%s: got %s, %v", v.ID, token, err)
		}
	}

	if seen != 21 {
		t.Errorf("%d vectors", seen)
	}
}

func TestRefusals(t *testing.T) {
	s, address := start(t)
	for _, c := range []struct{ from, to, words string }{
		{`"amount":3.2,`, ``, "The amount field is required."},
		{`"customer_email":"demo@test.com",`, ``, "The customer_email field is required."},
		{`"order_id":"47",`, ``, "The order_id field is required."},
		{`Order 47`, ``, "The description field is required."},
		{`3.2`, `3.201`, "The amount is invalid."},
		{`3.2`, `0`, "The amount is invalid."},
		{`3.2`, `1000000000000000000000`, "The amount is invalid."},
		{`"order_id"`, `"currency_code":"GBP","order_id"`, "The currency_code is invalid."},
		{`"json"`, `"xml"`, "The ipn_format is invalid."},
		{`171.251.156.58`, `somewhere`, "The customer_ip is invalid."},
		{`https://localhost/handleIpn`, `/handleIpn`, "The ipn_url, return_url and cancel_url must be URLs."},
		{`"47"`, `{}`, "Signature miss match."},
	} {
		body := example(c.from, c.to)
		token, _ := s.token([]byte(body))
		_, text, _ := call(
			t,
			"POST",
			address+"/v2/payment-links",
			"application/json",
			token,
			body,
		)
		if !strings.Contains(text, `"status":false`) || !strings.Contains(text, c.words) {
			t.Errorf("%s -> %s: got %s", c.from, c.to, text)
		}
	}

	const mismatch = `{"result":{"code":"E012","message":"Signature miss match."},"status":false}`
	token, _ := s.token([]byte(example()))
	for _, c := range []struct{ token, body string }{
		{token, example("3.2", "3.3")}, {token + "0", example()}, {"", example()}, {strings.TrimPrefix(token, DefaultMerchantKey), example()},
	} {
		if _, text, _ := call(t, "POST", address+"/v2/payment-links", "application/json", c.token, c.body); text != mismatch {
			t.Errorf("%+v: got %s", c, text)
		}
	}

	if n := len(s.Ledger().Entries()); n != 0 {
		t.Errorf("the books have %d entries", n)
	}
}

// The page, and where it leads. What has ended stays so.
func TestPage(t *testing.T) {
	for _, c := range []struct{ form, status, to string }{
		{"result=pay", statusPaid, "success"}, {"result=cancel", statusCanceled, "failure"},
		{"result=pay&card=4141414141414141", statusPaid, "success"}, {"result=pay&card=" + failingCard, statusFailed, "failure"},
	} {
		s, address := start(t, WithPublicURL("http://public.example/ttrpay"))
		link := pay(t, s, address, example("Order 47", "<script>alert(1)</script>"))
		id, ok := strings.CutPrefix(link, "http://public.example/ttrpay/pay/")
		if !ok {
			t.Errorf("the page is at %s", link)
		}

		page := address + "/pay/" + id
		status, html, _ := call(t, "GET", page, "", "", "")
		if status != 200 || !strings.Contains(html, "3.20 USD") ||
			!strings.Contains(html, "&lt;script&gt;") ||
			strings.Contains(html, "<script") {
			t.Errorf("got %d %s", status, html)
		}

		for _, form := range []string{c.form, "result=pay"} {
			if status, _, to := call(t, "POST", page, "application/x-www-form-urlencoded", "", form); status != 303 ||
				to != "https://localhost/checkout/"+c.to {
				t.Errorf("%s: %d to %s", form, status, to)
			}
		}

		if e, _ := s.Ledger().Find(ledger.Payment, id); e.Status != c.status ||
			e.Moved != (c.status == statusPaid) {
			t.Errorf("the books: %+v", e)
		}
	}

	_, address := start(t)
	for _, method := range []string{"GET", "POST"} {
		if status, _, _ := call(t, method, address+"/pay/1", "", "", ""); status != 404 {
			t.Errorf("%s: got %d", method, status)
		}
	}
}

// The notice is sent once, in the format that was asked for, and as the faults
// say.
func TestNotices(t *testing.T) {
	for _, c := range []struct {
		name   string
		body   string
		fault  fault.Kind
		times  int
		starts string
		holds  string
	}{
		{"json", example(), "", 1, `{"amount":"3.20"`, `"merchant_ref_code":"47"`},
		{"form", example(`"ipn_format":"json",`, ``), "", 1, "amount=3.20&", "merchant_ref_code=47&status=1"},
		{"twice", example(), fault.Duplicate, 2, `{`, `"status":"1"`},
		{"somebody else's", example(), fault.WrongSignature, 1, `{`, `"merchant_ref_code":"somebody-elses"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make(chan string, 4)
			shop := httptest.NewServer(
				http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					got <- string(body)
					http.Redirect(w, r, "/elsewhere", http.StatusSeeOther)
				}),
			)

			s, address := start(t, WithWebhooks())
			link := pay(
				t,
				s,
				address,
				strings.Replace(c.body, "https://localhost/handleIpn", shop.URL, 1),
			)
			if c.fault != "" {
				if err := s.Faults().Add(fault.Fault{Kind: c.fault, Times: 1}); err != nil {
					t.Fatal(err)
				}
			}

			for range 2 { // what has ended is told once
				call(t, "POST", link, "application/x-www-form-urlencoded", "", "result=pay")
			}
			shop.Close()
			if len(got) != c.times {
				t.Fatalf("%d notices", len(got))
			}

			if n := <-got; !strings.HasPrefix(n, c.starts) ||
				!strings.Contains(n, c.holds) {
				t.Errorf("got %s", n)
			}
		})
	}
}

func TestFaultsAndBooksOverHTTP(t *testing.T) {
	s, address := start(t)
	pay(t, s, address, example())
	if status, body, _ := call(t, "POST", address+"/_simulator/faults", "application/json", "", `{"kind":"error","status":503}`); status != 201 {
		t.Fatalf("got %d %s", status, body)
	}

	if status, _, _ := call(t, "POST", address+"/v2/payment-links", "application/json", "", example()); status != 503 {
		t.Errorf("got %d", status)
	}
	if status, body, _ := call(t, "GET", address+"/_simulator/books", "", "", ""); status != 200 ||
		!strings.Contains(body, `"order_id":"47"`) {
		t.Errorf("got %d %s", status, body)
	}
}
