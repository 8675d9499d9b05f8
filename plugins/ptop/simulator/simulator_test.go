package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves a simulator with the credentials of the document's examples.
func start(t *testing.T, opts ...Option) (*Simulator, string) {
	t.Helper()
	s := New(
		append(
			[]Option{
				WithCredentials(
					"w123456",
					"secxyz890",
					"the_signature_demo",
					"https://example.com",
				),
			},
			opts...)...)

	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// call gives status, body and Location of the answer.
func call(t *testing.T, method, address, mediaType, body string) (int, string, *url.URL) {
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
	req.Header.Set("Referer", "https://example.com/checkout")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	to, _ := resp.Location()

	return resp.StatusCode, strings.TrimSpace(string(text)), to
}

// parameters are those of the document's example, changed.
func parameters(change ...string) string {
	q := url.Values{
		"website_id": {
			"w123456",
		}, "secret_key": {"secxyz890"}, "amount": {"60.00"}, "product": {"Sample"},
		"order_id": {"66510effg2eec"}, "currency": {"USD"},
		"success_url": {
			"https://example.com/success",
		}, "fail_url": {"https://example.com/fail"},
	}

	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}

	return q.Encode()
}

// pay makes a payment and gives its page.
func pay(t *testing.T, address, root string, change ...string) string {
	t.Helper()
	status, body, _ := call(
		t,
		"POST",
		address+root+"/payment?"+parameters(change...),
		"application/json",
		"",
	)

	var made struct {
		Status     string `json:"status"`
		Code       int    `json:"Code"`
		PaymentURL string `json:"payment_url"`
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != 200 ||
		made.Status != "success" ||
		made.Code != 200 {
		t.Fatalf("got %d %s, %v", status, body, err)
	}

	return made.PaymentURL
}

func check(t *testing.T, address, root, id string) (int, string) {
	t.Helper()
	status, body, _ := call(t, "POST", address+root+"/payment-check", "application/json",
		`{"website_id":"w123456","secret_key":"secxyz890","transaction_id":"`+id+`"}`)
	return status, body
}

func TestPaymentParameters(t *testing.T) {
	s, address := start(t)
	for _, c := range []struct {
		key, value string
		status     int
		words      string
	}{
		{"website_id", "", 400, "The website_id field is required."},
		{"secret_key", "", 400, "The secret_key field is required."},
		{"amount", "", 400, "The amount field is required."},
		{"product", "", 400, "The product field is required."},
		{"order_id", "", 400, "The order_id field is required."},
		{"currency", "", 400, "The currency field is required."},
		{"success_url", "", 400, "The success_url field is required."},
		{"fail_url", "", 400, "The fail_url field is required."},
		{"secret_key", "wrong", 401, "Invalid secret key"},
		{"website_id", "w1", 401, "Invalid website id"},
		{"amount", "0.99", 400, "The amount must be at least 1."},
		{"amount", "sixty", 400, "The amount must be a number."},
		{"amount", "1e9999999999999999999", 400, "The amount must be a number."},
		{"currency", "EUR", 400, "The selected currency is invalid."},
		{"success_url", "shop", 400, "The success_url and fail_url must be valid URLs."},
		{"fail_url", "javascript:1", 400, "The success_url and fail_url must be valid URLs."},
	} {
		status, body, _ := call(
			t,
			"POST",
			address+"/api/payment?"+parameters(c.key, c.value),
			"application/json",
			"",
		)
		if want := fmt.Sprintf(`{"error":%q,"http_code":%d}`, c.words, c.status); status != c.status ||
			body != want {
			t.Errorf("%s=%q: got %d %s", c.key, c.value, status, body)
		}
	}

	if n := len(s.Ledger().Entries()); n != 0 {
		t.Errorf("the books have %d entries", n)
	}
}

func TestReferrer(t *testing.T) {
	_, address := start(t)
	for referer, want := range map[string]int{
		"https://example.com": 200, "https://EXAMPLE.com/checkout": 200, "": 401, "https://example.com.evil.example": 401, "%": 401,
	} {
		req, _ := http.NewRequestWithContext(
			t.Context(),
			"POST",
			address+"/api/payment?"+parameters(),
			nil,
		)
		req.Header.Set("Referer", referer)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}

		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%q: got %d", referer, resp.StatusCode)
		}
	}
}

func TestThePage(t *testing.T) {
	for _, root := range []string{"/api", "/api/test"} {
		for _, c := range []struct{ button, code, to, result string }{
			{"pay", "1", "https://example.com/success", `"success":true,"transaction_id":%s,"order_id":"66510effg2eec","message":"Payment done"`},
			{"cancel", "2", "https://example.com/fail", `"success":false,"transaction_id":%s,"order_id":"66510effg2eec","message":"Payment cancelled by user \/ auto canceled"`},
		} {
			s, address := start(t)
			page := pay(t, address, root, "product", `<script>alert(1)</script>`)
			id := page[strings.LastIndex(page, "/")+1:]
			if page != address+root+"/payment/"+id {
				t.Errorf("the page is at %s", page)
			}

			status, html, _ := call(t, "GET", page, "", "")
			if status != 200 || !strings.Contains(html, "60.00 USD") ||
				!strings.Contains(html, "&lt;script&gt;") ||
				strings.Contains(html, "<script") {
				t.Errorf("got %d %s", status, html)
			}

			if _, body := check(t, address, root, id); body != `{"status":0,"transaction_id":"`+id+`"}` {
				t.Errorf("before: %s", body)
			}
			status, _, to := call(
				t,
				"POST",
				page,
				"application/x-www-form-urlencoded",
				"result="+c.button,
			)
			if status != 303 || to.Scheme+"://"+to.Host+to.Path != c.to {
				t.Fatalf("%s: got %d to %s", c.button, status, to)
			}

			want := sign("secxyz890", "{"+fmt.Sprintf(c.result, id)+"}")
			if got := to.Query().Get("signature"); got != want {
				t.Errorf("signature %s, want %s of %s", got, want, to)
			}
			if _, body := check(t, address, root, id); body != `{"status":`+c.code+`,"transaction_id":"`+id+`"}` {
				t.Errorf("after: %s", body)
			}

			// What has ended stays so.
			if _, _, again := call(t, "POST", page, "application/x-www-form-urlencoded", "result=pay"); again.String() != to.String() {
				t.Errorf("then sent to %s", again)
			}
			if e, _ := s.Ledger().Find(ledger.Payment, id); e.Moved != (c.button == "pay") {
				t.Errorf("the books: %+v", e)
			}
		}
	}
}

// The environments do not know each other's payments.
func TestEnvironments(t *testing.T) {
	_, address := start(t)
	page := pay(t, address, "/api/test")
	id := page[strings.LastIndex(page, "/")+1:]
	if status, body := check(t, address, "/api", id); status != 400 {
		t.Errorf("got %d %s", status, body)
	}

	if status, _, _ := call(t, "GET", address+"/api/payment/"+id, "", ""); status != 404 {
		t.Errorf("got %d", status)
	}
	if status, _, _ := call(t, "POST", address+"/api/test/payment/1", "", ""); status != 404 {
		t.Errorf("got %d", status)
	}
}

func TestPublicURL(t *testing.T) {
	_, address := start(t, WithPublicURL("http://127.0.0.1:9090/ptop"))
	if page := pay(t, address, "/api"); !strings.HasPrefix(
		page,
		"http://127.0.0.1:9090/ptop/api/payment/",
	) {
		t.Errorf("the page is at %s", page)
	}
}

// The document's example of a payout, with PHP's signature of it, changed.
func TestPayouts(t *testing.T) {
	const good = `{"website_id":"w123456","secret_key":"secxyz890","reviverEmail":"client@email.com","amount":50.00,` +
		`"signature":"e5413a6feceda006e9f3fde964aa2f43c6f4fd8d1aed0d8751b509a5f12eb4cd","sendingTrx":"A1X9T3"}`
	const refused, done = `{"message":%q,"status":"error"}`, `{"message":"Payment sent successfully.","status":"success"}`
	s, address := start(t)

	for _, c := range []struct {
		from, to string
		status   int
		body     string
	}{
		{`"website_id":"w123456",`, ``, 400, fmt.Sprintf(refused, "The website_id field is required.")},
		{`"sendingTrx":"A1X9T3"`, `"x":1`, 400, fmt.Sprintf(refused, "The sendingTrx field is required.")},
		{`A1X9T3`, `A1X9T`, 400, fmt.Sprintf(refused, "The sendingTrx must be 6 characters.")},
		{`client@email.com`, `client`, 400, fmt.Sprintf(refused, "The reviverEmail must be a valid email address.")},
		{`50.00`, `0.001`, 400, fmt.Sprintf(refused, "The amount must be at least 0.01.")},
		{`50.00`, `"a"`, 400, fmt.Sprintf(refused, "The request is not valid JSON.")},
		{`secxyz890`, `wrong`, 401, fmt.Sprintf(refused, "Invalid secret key")},
		{`50.00`, `51`, 200, fmt.Sprintf(refused, "Signature mismatch. Untrusted origin.")},
		{`client@`, `other@`, 200, fmt.Sprintf(refused, "Signature mismatch. Untrusted origin.")},
		{``, ``, 200, done},
		{``, ``, 200, fmt.Sprintf(refused, "Duplicate request detected.")},
		{`A1X9T3`, `A1X9T4`, 200, done},
	} {
		status, body, _ := call(
			t,
			"POST",
			address+"/api/api-payout",
			"application/json",
			strings.Replace(good, c.from, c.to, 1),
		)
		if status != c.status || body != c.body {
			t.Errorf("%s -> %s: got %d %s, want %s", c.from, c.to, status, body, c.body)
		}
	}

	if list := s.Ledger().Entries(); len(list) != 2 ||
		list[0].Recipient != "client@email.com" ||
		!list[0].Moved {
		t.Errorf("the books: %+v", list)
	}

	if status, _, _ := call(t, "POST", address+"/api/test/api-payout", "application/json", good); status != 404 {
		t.Errorf("there is no sandbox path for payouts, but it answers %d", status)
	}
}

// The result also goes from server to server, as often and as well signed as
// the faults say.
func TestNotices(t *testing.T) {
	for _, c := range []struct {
		faults  []fault.Kind
		times   int
		genuine bool
	}{{nil, 1, true}, {[]fault.Kind{fault.Duplicate}, 2, true}, {[]fault.Kind{fault.WrongSignature}, 1, false}} {
		got := make(chan string, 4)
		shop := httptest.NewServer(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got <- string(body)
				http.Redirect(w, r, "/elsewhere", http.StatusSeeOther)
			}),
		)

		s, address := start(t, WithWebhooks())
		page := pay(t, address, "/api", "success_url", shop.URL+"/back?t=1")

		for _, kind := range c.faults {
			if err := s.Faults().Add(fault.Fault{Kind: kind, Times: 1}); err != nil {
				t.Fatal(err)
			}
		}

		_, _, to := call(t, "POST", page, "application/x-www-form-urlencoded", "result=pay")
		if !strings.HasPrefix(to.String(), shop.URL+"/back?t=1&") {
			t.Errorf("sent to %s", to)
		}
		shop.Close()
		if len(got) != c.times {
			t.Errorf("%v: %d notices", c.faults, len(got))
		}

		notice, id := <-got, page[strings.LastIndex(page, "/")+1:]
		signature := sign(
			"secxyz890",
			`{"success":true,"transaction_id":`+id+`,"order_id":"66510effg2eec","message":"Payment done"}`,
		)
		if strings.Contains(notice, signature) != c.genuine ||
			strings.Contains(to.RawQuery, signature) != c.genuine {
			t.Errorf("%v: got %s, then %s", c.faults, notice, to)
		}
	}
}

// The signed text, and its signature, are those that PHP gave for the
// document's examples and for odd order ids.
func TestSignedText(t *testing.T) {
	for _, c := range []struct {
		key, status, id, order, text, signature string
	}{
		{"your_secret_key_here", statusPaid, "3456789", "4567890",
			`{"success":true,"transaction_id":3456789,"order_id":4567890,"message":"Payment done"}`,
			"c1b1c06b663d4c16d66127640d1c8fda221e62f206a8c0f00d746e9386c1d05d"},
		{"your_secret_key_here", statusCanceled, "3456789", "4567890",
			`{"success":false,"transaction_id":3456789,"order_id":4567890,"message":"Payment cancelled by user \/ auto canceled"}`,
			"b8f4eeb1b8bd880645cdc633b3b7effa37e1ca0c55f402ea44c518d5e479ea94"},
		{"your_secret_key_here", statusPaid, "12345", "ORD-é-ñ-заказ-订单",
			`{"success":true,"transaction_id":12345,"order_id":"ORD-\u00e9-\u00f1-\u0437\u0430\u043a\u0430\u0437-\u8ba2\u5355","message":"Payment done"}`,
			"13ccb850046ef0572c49539dc2bd7b1d231d46c35cb1af86df83b6b397fff13f"},
		{"your_secret_key_here", statusPaid, "12345", "https://example.com/o/1?x=1&y=2",
			`{"success":true,"transaction_id":12345,"order_id":"https:\/\/example.com\/o\/1?x=1&y=2","message":"Payment done"}`,
			"fcb1fd9a5fa36a6b0c8723f85b895f9bd18fba5a634e73df6b6a1f72e0a5c6f0"},
		{"k", statusPaid, "007", "😀 <&>", `{"success":true,"transaction_id":"007","order_id":"\ud83d\ude00 <&>","message":"Payment done"}`, ""},
	} {
		n := webhookOf(ledger.Entry{ID: c.id, OrderID: c.order, Status: c.status}, c.key)
		if text := "{" + n.fields() + "}"; text != c.text ||
			(c.signature != "" && n.signature != c.signature) {
			t.Errorf("%s: got %s signed %s", c.order, text, n.signature)
		}
	}
}

func TestFaultsAndBooksOverHTTP(t *testing.T) {
	_, address := start(t)
	if status, body, _ := call(t, "POST", address+"/_simulator/faults", "application/json", `{"kind":"error","path":"/api/payment-check","status":503}`); status != 201 {
		t.Fatalf("got %d %s", status, body)
	}
	pay(t, address, "/api")
	if status, body := check(t, address, "/api", "1"); status != 503 {
		t.Errorf("got %d %s", status, body)
	}

	status, body, _ := call(t, "GET", address+"/_simulator/books", "", "")
	if status != 200 || !strings.Contains(body, `"order_id":"66510effg2eec"`) {
		t.Errorf("got %d %s", status, body)
	}
}
