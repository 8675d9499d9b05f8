package simulator

import (
	"encoding/json"
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
				WithCredentials("12345", "54321", "user@example.com", "CTIEP80XO8ZKMQOX"),
			},
			opts...)...)
	server := httptest.NewServer(s)

	t.Cleanup(server.Close)
	return s, server.URL
}

// PHP's signatures of the document's examples.
const (
	signatureES = "59f5a4e2ef6bf8ee9f29502e5c116ea847e932a1bdf1fa45e0b844af31fcf389"
	signatureAR = "61fd9c849506ef23052333bef75cd01e4f605d4d0a31c2bfd27033e215a03e46"
)

var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// call gives status, body and Location of the answer.
func call(t *testing.T, method, address, signature, body string) (int, string, string) {
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

	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("signature", signature)
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

func TestGetData(t *testing.T) {
	_, address := start(t, WithPublicURL("http://public.example/paysepro"))
	const good = "uid=12345&mid=54321&cc=es"
	_, body, _ := call(t, "GET", address+"/getData.php?"+good, signatureES, "")

	for _, part := range []string{
		`"error":0`, `"currency":"USD"`, `"pmax":"500.00"`, `{"country":"","method":"bitcoin"`, `"url":"http://public.example/paysepro/createCode.php"`,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("no %s in %s", part, body)
		}
	}

	for _, c := range []struct{ query, signature, code string }{
		{good, "", "40"}, {good, signatureAR, "40"}, {good, strings.ToUpper(signatureES), "40"},
		{"uid=012345&mid=54321&cc=es", signatureES, "06"}, {"uid=12345&mid=054321&cc=es", signatureES, "05"},
		{"uid=12345&mid=54321&cc=ES", signatureES, "40"},
		// PHP's
		{"uid=12345&mid=54321&cc=", "c54b529ef641e178113b1573b4935eabf474eeb81a9fa109b887b059d667dab9", "32"},
	} {
		if _, body, _ := call(t, "GET", address+"/getData.php?"+c.query, c.signature, ""); !strings.Contains(
			body,
			`"error":"`+c.code+`"`,
		) {
			t.Errorf("%s: got %s", c.query, body)
		}
	}
}

// As PHP writes an object with nothing in it.
func TestACountryWithoutMethods(t *testing.T) {
	_, address := start(t)
	_, body, _ := call(t, "GET", address+"/getData.php?uid=12345&mid=54321&cc=aq",
		"b25512b02ff6157e7c417a2754c82b33ebfa8eda27d47ce7c6b330020f458559", "")
	if !strings.Contains(body, `"methods":[]`) {
		t.Errorf("got %s", body)
	}
}

// order is the document's example, changed.
func order(change ...string) string {
	form := url.Values{
		"uid": {
			"12345",
		}, "mid": {"54321"}, "type": {"neosurf"}, "cc": {"ar"}, "price": {"2.99"}, "ucode": {"ABC"},
		"name": {"Jack Dalton"}, "email": {"customer@example.com"},
	}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}

	return form.Encode()
}

func create(t *testing.T, address string) (code, page string) {
	t.Helper()
	_, body, _ := call(t, "POST", address+"/createCode.php", signatureAR, order())
	var made struct {
		Code  string      `json:"code"`
		Price json.Number `json:"price"`
		Error int         `json:"error"`
		URL   string      `json:"url"`
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil || made.Code == "" ||
		made.Price != "2.99" ||
		made.Error != 0 {
		t.Fatalf("got %s, %v", body, err)
	}

	return made.Code, made.URL
}

func TestCreateCode(t *testing.T) {
	s, address := start(t)
	for _, c := range []struct{ key, value, code string }{
		{"uid", "", "03"}, {"mid", "", "04"}, {"uid", "1", "06"}, {"mid", "1", "05"}, {"cc", "es", "40"}, {"email", "", "02"},
		{"type", "1arciti", "01"}, {"price", "0.99", "17"}, {"price", "1000.01", "17"}, {"price", "free", "17"}, {"price", "-1", "17"},
	} {
		if _, body, _ := call(t, "POST", address+"/createCode.php", signatureAR, order(c.key, c.value)); body != `{"error":"`+c.code+`"}` {
			t.Errorf("%s=%s: got %s", c.key, c.value, body)
		}
	}

	if n := len(s.Ledger().Entries()); n != 0 {
		t.Errorf("the books have %d entries", n)
	}
	code, page := create(t, address)
	if page != address+"/pay.php?code="+code+"&country=ar&method=neosurf&mid=54321&uid=12345" {
		t.Errorf("the page is at %s", page)
	}

	if e, _ := s.Ledger().Find(ledger.Payment, code); e.OrderID != "ABC" ||
		e.Amount.String() != "2.99" ||
		e.Moved {
		t.Errorf("the books: %+v", e)
	}
}

// The page, and what its buttons do: what was given up can still be paid, what
// is paid stays so.
func TestPage(t *testing.T) {
	s, address := start(t)
	code, page := create(t, address)
	if status, html, _ := call(t, "GET", page, "", ""); status != 200 ||
		!strings.Contains(html, "2.99 USD") ||
		!strings.Contains(html, "neosurf") {
		t.Errorf("got %d %s", status, html)
	}

	for _, step := range []struct{ result, status string }{{"cancel", statusNot}, {"pay", statusPaid}, {"cancel", statusPaid}} {
		if status, _, to := call(t, "POST", page, "", "result="+step.result); status != 303 ||
			to != page {
			t.Errorf("%s: %d to %s", step.result, status, to)
		}

		if e, _ := s.Ledger().Find(ledger.Payment, code); e.Status != step.status ||
			e.Moved != (step.status == statusPaid) {
			t.Errorf("%s: the books: %+v", step.result, e)
		}
	}

	if _, html, _ := call(t, "GET", page, "", ""); strings.Contains(html, "<button") {
		t.Errorf("what is paid can be paid again: %s", html)
	}

	for _, method := range []string{"GET", "POST"} {
		if status, _, _ := call(t, method, address+"/pay.php?code=1", "", ""); status != 404 {
			t.Errorf("%s: got %d", method, status)
		}
	}
}

// Notifications go to the URL that was typed in, as the faults say.
func TestNotifications(t *testing.T) {
	for _, c := range []struct {
		fault fault.Kind
		times int
		mid   string
	}{{"", 1, "54321"}, {fault.Duplicate, 2, "54321"}, {fault.WrongSignature, 1, "0"}} {
		got := make(chan url.Values, 4)
		shop := httptest.NewServer(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got <- r.URL.Query()
				http.Redirect(w, r, "/elsewhere", http.StatusSeeOther)
			}),
		)

		s, address := start(t, WithWebhooks())
		_, page := create(t, address)

		for body, want := range map[string]int{"x": 400, "/relative": 400, shop.URL + "/hook?token=1": 204} {
			if status, _, _ := call(t, "PUT", address+"/_simulator/notify-url", "", body); status != want {
				t.Errorf("%q: got %d", body, status)
			}
		}

		if c.fault != "" {
			if err := s.Faults().Add(fault.Fault{Kind: c.fault, Times: 1}); err != nil {
				t.Fatal(err)
			}
		}

		for range 2 { // what has ended is told once
			call(t, "POST", page, "", "result=pay")
		}
		shop.Close()
		if len(got) != c.times {
			t.Fatalf("%s: %d notifications", c.fault, len(got))
		}

		if n := <-got; n.Get("token") != "1" || n.Get("result") != "ok" ||
			n.Get("ucode") != "ABC" ||
			n.Get("mid") != c.mid ||
			n.Get("price") != "2.99" {
			t.Errorf("%s: got %v", c.fault, n)
		}
	}

	// Nobody typed anything in: nothing is sent, and the customer does not
	// notice.
	_, address := start(t, WithWebhooks())
	_, page := create(t, address)
	if status, _, _ := call(t, "POST", page, "", "result=pay"); status != 303 {
		t.Errorf("got %d", status)
	}
}

func TestFaultsAndBooksOverHTTP(t *testing.T) {
	_, address := start(t)
	create(t, address)
	if status, body, _ := call(t, "POST", address+"/_simulator/faults", "", `{"kind":"error","status":503,"path":"/getData.php"}`); status != 201 {
		t.Fatalf("got %d %s", status, body)
	}

	if status, _, _ := call(t, "GET", address+"/getData.php", "", ""); status != 503 {
		t.Errorf("got %d", status)
	}
	if status, body, _ := call(t, "GET", address+"/_simulator/books", "", ""); status != 200 ||
		!strings.Contains(body, `"order_id":"ABC"`) {
		t.Errorf("got %d %s", status, body)
	}
}
