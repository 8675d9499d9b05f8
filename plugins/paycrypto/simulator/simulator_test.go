package simulator

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key    = "demo_api_key_0123456789abcdef"
	secret = "demo-secret-3d3c-4b6a-9f00-0123456789ab"
	hook   = "demo_webhook_secret_0123456789abcd"
)

func start(t *testing.T, opts ...Option) (*Simulator, string) {
	t.Helper()
	s := New(append([]Option{WithCredentials(key, secret, "12345678a", hook)}, opts...)...)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func do(
	t *testing.T,
	method, address, body string,
	header http.Header,
) (*http.Response, string) {
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

	req.Header = header
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}

	return resp, strings.TrimSpace(string(text))
}

// call makes a signed call: text is what is signed of the query and the body.
func call(t *testing.T, method, address, path, query, body, text string) string {
	t.Helper()
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	_, answer := do(t, method, address+path+query, body, http.Header{
		"Authorization": {
			"Inst:" + key + ":" + now + ":" + sign(secret, now+method+key+path+text),
		},
		"Access-Passphrase": {"12345678a"},
	})
	return answer
}

// newOrder makes one and gives its id and its page. more are texts of its
// request.
func newOrder(
	t *testing.T,
	address, custOrderID string,
	more map[string]any,
) (id, page string) {
	t.Helper()
	fields := map[string]any{
		"currency":      "USD",
		"amount":        "100.05",
		"cust_order_id": custOrderID,
	}
	maps.Copy(fields, more)
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}

	answer := call(t, "POST", address, "/api/v1/payment", "", string(body), form(fields))
	var made struct {
		Code   int `json:"code"`
		Result struct {
			OrderID     string `json:"order_id"`
			RedirectURL string `json:"redirect_url"`
			CreateTime  int64  `json:"create_time"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(answer), &made); err != nil || made.Code != 0 ||
		made.Result.OrderID == "" ||
		made.Result.CreateTime < 1e12 {
		t.Fatalf("got %s, %v", answer, err)
	}

	return made.Result.OrderID, made.Result.RedirectURL
}

// The signed texts, and their signatures, are the Java SDK's for the document's
// examples and for odd characters.
func TestSignedText(t *testing.T) {
	for _, c := range []struct{ body, text, signature string }{
		{`{"currency":"USD","amount":"100.05","cust_order_id":"1223","return_url":"https://{yourhost}/index.html","expire":1739356323022,"customer":{"notify_email":"jack001@163.com"}}`,
			`amount=100.05&currency=USD&cust_order_id=1223&customer={"notify_email":"jack001@163.com"}&expire=1739356323022&return_url=https://{yourhost}/index.html`,
			"XG3ZhoXQkJ0FdN7zpxDvFzk1EBBZxl+Lip+4Rwu0TXE="},
		{`{"from_address":"0xef678007D18427E6022059Dbc264f27507CD1ffC","amount":190,"to_address":"0x430F048fE0A1798be43e0C57207E9b239EcC429B"}`,
			"amount=190&from_address=0xef678007D18427E6022059Dbc264f27507CD1ffC&to_address=0x430F048fE0A1798be43e0C57207E9b239EcC429B",
			"zUZS06QheUwhGjoagNplVHNjUn8G8oAkLD/eXsCdk7s="},
		{`{"amount":"1","customer":{"s":"a\u2028b\u2029c"},"currency":"USD"}`, `amount=1&currency=USD&customer={"s":"a\u2028b\u2029c"}`,
			"ZO4OWiU7nSj2gKzb3LIK1v7Jtb2d6SFGgcx5fqgxjQc="},
		{`{"amount":"1","customer":{"z":{"y":{"x":"1","b":"2"},"a":"3"},"a":"4"}}`, `amount=1&customer={"a":"4","z":{"a":"3","y":{"b":"2","x":"1"}}}`,
			"5WQmzMdgziwBhdmuO1bsHESSGiDtKvq2yH5QsT8Wa7g="},
		{`{"a":{"s":"q\"b\\ \b\t\n\u000b\f\r\u001f\u007f\u009f \u00a0/<&>é😀"}}`,
			`a={"s":"q\"b\\ \b\t\n\u000B\f\r\u001F\u007F\u009F ` + "\u00a0" + `/<&>é😀"}`, ""},
		{`{"a":["b","a"],"b":[],"c":{},"d":null,"e":[true,null]}`, `a=["b","a"]&b=[]&c={}&d=null&e=[true,null]`, ""},
		{`{}`, ``, ""},
	} {
		var body map[string]any
		d := json.NewDecoder(strings.NewReader(c.body))
		d.UseNumber()
		if err := d.Decode(&body); err != nil {
			t.Fatal(err)
		}

		if got := form(body); got != c.text {
			t.Errorf("got  %s\nwant %s", got, c.text)
		}
		if got := sign(secret, "1646279846494POST"+key+"/api/v1/payment"+form(body)); c.signature != "" &&
			got != c.signature {
			t.Errorf("%s: got %s", c.text, got)
		}
	}

	// A pair of a webhook's text and signature that the provider publishes.
	events := `{"id":"bc76488ddda4","create_time":1585293811000,"params":{"order_id":"1223","status":1}}`
	text := form(map[string]any{"action": "order_result", "events": []any{events}})
	if got := sign("40e4cdb39f764ad48b0829e675b67b90", "1585810920286ORDER_RESULT"+text); got != "y9/rsn79nMlP4EgIzVHWvt6GLvPx06dG+mDkUSLbmoA=" {
		t.Errorf("got %s", got)
	}
}

func TestIdentity(t *testing.T) {
	_, address := start(t)
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	old := strconv.FormatInt(time.Now().Add(-time.Hour).UnixMilli(), 10)

	signed := func(at string) string { return sign(secret, at+"GET"+key+"/api/v1/merchant/limit") }
	for header, code := range map[string]string{
		"": "112010", "Bearer x": "112006", "Inst:" + key + ":" + now: "112006", "Inst:other:" + now + ":x": "112008",
		"Inst:" + key + ":now:x": "112004", "Inst:" + key + ":1646279846:x": "112004", "Inst:" + key + ":" + now + ":x": "112007",
		"Inst:" + key + ":" + old + ":" + signed(old): "112001", "Inst:" + key + ":" + now + ":" + signed(now): "0",
	} {
		_, answer := do(
			t,
			"GET",
			address+"/api/v1/merchant/limit",
			"",
			http.Header{"Authorization": {header}, "Access-Passphrase": {"12345678a"}},
		)
		if !strings.HasPrefix(answer, `{"code":`+code+`,`) {
			t.Errorf("%q: got %s, want %s", header, answer, code)
		}
	}

	_, answer := do(
		t,
		"GET",
		address+"/api/v1/merchant/limit",
		"",
		http.Header{"Authorization": {"Inst:" + key + ":" + now + ":" + signed(now)}},
	)
	if !strings.HasPrefix(answer, `{"code":112005,`) {
		t.Errorf("without a password: %s", answer)
	}

	if answer := call(t, "POST", address, "/api/v1/payment", "", `{`, ""); !strings.HasPrefix(
		answer,
		`{"code":111001,`,
	) {
		t.Errorf("got %s", answer)
	}
}

func TestOrdersThatAreRefused(t *testing.T) {
	s, address := start(t)
	for _, c := range []struct{ body, text, code string }{
		{`{"amount":"60","cust_order_id":"1"}`, "amount=60&cust_order_id=1", "111002"},
		{`{"amount":"60","currency":"EUR","cust_order_id":"1"}`, "amount=60&currency=EUR&cust_order_id=1", "111002"},
		{`{"amount":"60","currency":"USD"}`, "amount=60&currency=USD", "111001"},
		{`{"amount":60,"currency":"USD","cust_order_id":"1"}`, "amount=60&currency=USD&cust_order_id=1", "111001"},
		{`{"amount":"sixty","currency":"USD","cust_order_id":"1"}`, "amount=sixty&currency=USD&cust_order_id=1", "111001"},
		{`{"amount":"1.000","currency":"USD","cust_order_id":"1"}`, "amount=1.000&currency=USD&cust_order_id=1", "111001"},
		{`{"amount":"60","currency":"USD","cust_order_id":"1","x":"1"}`, "amount=60&currency=USD&cust_order_id=1&x=1", "111001"},
		{`{"amount":"60","currency":"USD","cust_order_id":"1","expire":"1"}`, "amount=60&currency=USD&cust_order_id=1&expire=1", "111004"},
		{`{"amount":"60","currency":"USD","cust_order_id":"1","customer":{}}`, "amount=60&currency=USD&cust_order_id=1&customer={}", "111001"},
		{`{"amount":"60","currency":"USD","cust_order_id":"1","notify_url":"x"}`, "amount=60&currency=USD&cust_order_id=1&notify_url=x", "111001"},
	} {
		if answer := call(t, "POST", address, "/api/v1/payment", "", c.body, c.text); !strings.HasPrefix(
			answer,
			`{"code":`+c.code+`,`,
		) {
			t.Errorf("%s: got %s, want %s", c.body, answer, c.code)
		}
	}

	if n := len(s.Ledger().Entries()); n != 0 {
		t.Errorf("the books have %d entries", n)
	}
	newOrder(t, address, "1", nil)
	answer := call(
		t,
		"POST",
		address,
		"/api/v1/payment",
		"",
		`{"currency":"USD","amount":"2","cust_order_id":"1"}`,
		"amount=2&currency=USD&cust_order_id=1",
	)
	if !strings.HasPrefix(answer, `{"code":117008,`) || len(s.Ledger().Entries()) != 1 {
		t.Errorf("the same order again: %s", answer)
	}
}

func TestQueries(t *testing.T) {
	s, address := start(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		newOrder(t, address, name, nil)
	}
	s.Settle("b")
	s.Settle("b")
	s.Settle("nobody's")
	e, _ := s.find("", "b")

	query := func(q string) string { return call(t, "GET", address, "/api/v1/orders", "?"+q, "", "?"+q) }
	for _, q := range []string{"cust_order_id=b", "order_id=" + e.ID} {
		answer := query(q)
		for _, part := range []string{`"result":{"code":0,`, `"total":1`, `"status":1`, `"paid_currency":"USDT"`, `"amount":"100.05"`, `"cust_order_id":"b"`} {
			if !strings.Contains(answer, part) {
				t.Errorf("%s: no %s in %s", q, part, answer)
			}
		}
	}

	now := time.Now().UnixMilli()
	span := func(from, to int64) string {
		return "start_time=" + strconv.FormatInt(
			from,
			10,
		) + "&end_time=" + strconv.FormatInt(
			to,
			10,
		)
	}

	const month = 28 * 24 * 3600 * 1000
	for q, want := range map[string]string{
		"cust_order_id=x":                          `{"code":111003,`,
		"order_id=" + e.ID + "&cust_order_id=a":    `{"code":111003,`,
		"start_time=yesterday":                     `{"code":111004,`,
		span(now, now-1):                           `{"code":111001,`,
		span(now-month, now):                       `{"code":111001,`,
		span(now-60_000, now+60_000):               `"page_num":1,"page_size":10`,
		span(now-60_000, now+60_000) + "&status=1": `"total":1}`,
		span(now-60_000, now+60_000) + "&currency=usd&page_size=50&page_num=2": `"page_num":2,"page_size":3,"pages":2`,
		span(now-120_000, now-60_000):                                          `"records":[],"total":0`,
	} {
		if answer := query(q); !strings.Contains(answer, want) {
			t.Errorf("%s: got %s, want %s", q, answer, want)
		}
	}
}

func TestThePage(t *testing.T) {
	_, address := start(t, WithPublicURL("http://127.0.0.1:9090/paycrypto"))
	for button, status := range map[string]string{"pay": "1", "cancel": "5"} {
		id, page := newOrder(
			t,
			address,
			button,
			map[string]any{
				"return_url":   "https://shop.example/back?t=1",
				"company_name": "ACME <x>",
			},
		)

		own, public := strings.CutPrefix(page, "http://127.0.0.1:9090/paycrypto")
		resp, text := do(t, "GET", address+own, "", nil)
		if !public || own != "/?id="+id || resp.StatusCode != 200 ||
			!strings.Contains(text, "100.05 USD") ||
			!strings.Contains(text, "ACME &lt;x&gt;") ||
			!strings.Contains(text, `value="pay"`) {
			t.Errorf("%s: HTTP %d %s", page, resp.StatusCode, text)
		}

		for range 2 { // the second changes nothing
			resp, _ = do(
				t,
				"POST",
				address+own,
				"result="+button,
				http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			)
			want := "https://shop.example/back?t=1&id=" + id + "&status=" + status
			if resp.StatusCode != http.StatusSeeOther ||
				resp.Header.Get("Location") != want {
				t.Errorf(
					"HTTP %d to %s, want %s",
					resp.StatusCode,
					resp.Header.Get("Location"),
					want,
				)
			}

			button = "other"
		}

		if _, text = do(t, "GET", address+own, "", nil); strings.Contains(
			text,
			`value="pay"`,
		) {
			t.Errorf("the order has ended, but the page says %s", text)
		}
	}

	id, _ := newOrder(t, address, "without return_url", nil)
	if resp, _ := do(t, "POST", address+"/?id="+id, "", nil); resp.Header.Get(
		"Location",
	) != "?id="+id {
		t.Errorf("sent to %s", resp.Header.Get("Location"))
	}

	for _, path := range []string{"/", "/?id=", "/?id=p0", "/elsewhere"} {
		for _, method := range []string{"GET", "POST"} {
			if resp, _ := do(t, method, address+path, "", nil); resp.StatusCode != 404 {
				t.Errorf("%s %s: HTTP %d", method, path, resp.StatusCode)
			}
		}
	}
}

// shop takes webhooks and answers them in turn, the last for ever.
func shop(t *testing.T, answers ...string) (address string, got func() []string) {
	t.Helper()
	var list []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var fields map[string]any
		_ = json.Unmarshal(body, &fields)
		genuine := sign(
			hook,
			r.Header.Get("Timestamp")+"ORDER_RESULT"+form(fields),
		) == r.Header.Get(
			"Signature",
		)

		_, _ = io.WriteString(w, answers[min(len(list), len(answers)-1)])
		list = append(list, strconv.FormatBool(genuine)+string(body))
	}))

	t.Cleanup(s.Close)
	return s.URL, func() []string { return list }
}

const received = `{"code":1,"msg":"whatever"}`

// A webhook goes to the order's URL or else to the back office's, up to five
// times until it is answered in the format.
func TestWebhooksAreSent(t *testing.T) {
	for name, c := range map[string]struct {
		answers []string
		faults  []fault.Kind
		want    int
		genuine string
	}{
		"once":       {[]string{received}, nil, 1, "true"},
		"until":      {[]string{"", `{"code":0}`, received}, nil, 3, "true"},
		"five times": {[]string{"OK"}, nil, 5, "true"},
		"twice":      {[]string{received}, []fault.Kind{fault.Duplicate}, 2, "true"},
		"forged":     {[]string{received}, []fault.Kind{fault.WrongSignature}, 1, "false"},
	} {
		t.Run(name, func(t *testing.T) {
			s, address := start(t, WithWebhooks())
			office, gotThere := shop(t, received)
			own, got := shop(t, c.answers...)
			if resp, _ := do(t, "PUT", address+"/_simulator/notify-url", office, nil); resp.StatusCode != http.StatusNoContent {
				t.Fatalf("HTTP %d", resp.StatusCode)
			}

			id, _ := newOrder(t, address, "1223", map[string]any{"notify_url": own})
			newOrder(t, address, "1224", nil)

			for _, kind := range c.faults {
				if err := s.Faults().Add(fault.Fault{Kind: kind, Times: 1}); err != nil {
					t.Fatal(err)
				}
			}

			s.SetStatus(id, StatusRefunding, "on demand")
			s.Settle("1224")
			if list := got(); len(list) != c.want ||
				!strings.HasPrefix(
					list[0],
					c.genuine+`{"action":"order_result","events":["{`,
				) ||
				!strings.Contains(list[0], `\"status\":7`) {
				t.Errorf("got %q", list)
			}

			if list := gotThere(); len(list) != 1 ||
				!strings.Contains(list[0], `\"cust_order_id\":\"1224\"`) {
				t.Errorf("the back office got %q", list)
			}
		})
	}
}

func TestTheTestWebhook(t *testing.T) {
	_, address := start(t)
	test := func() string { return call(t, "POST", address, "/api/v1/events/test", "", "{}", "") }
	if answer := test(); answer != `{"code":0,"msg":"SUCCESS"}` {
		t.Errorf("without a URL: %s", answer)
	}

	for _, c := range []struct{ reply, want string }{{received, `{"code":0,`}, {"no", `{"code":111015,`}} {
		to, got := shop(t, c.reply)
		do(t, "PUT", address+"/_simulator/notify-url", to, nil)
		if answer := test(); !strings.HasPrefix(answer, c.want) {
			t.Errorf("got %s", answer)
		}

		if list := got(); len(list) == 0 || !strings.HasPrefix(list[0], `true{"action"`) ||
			!strings.Contains(list[0], "bc76488ddda4") {
			t.Errorf("got %q", list)
		}
	}

	if resp, _ := do(t, "PUT", address+"/_simulator/notify-url", "shop", nil); resp.StatusCode != 400 {
		t.Errorf("HTTP %d for no URL", resp.StatusCode)
	}
}

func TestFaultsAndBooksOverHTTP(t *testing.T) {
	_, address := start(t)
	if resp, text := do(t, "POST", address+"/_simulator/faults", `{"kind":"error","path":"/api/v1/orders","status":503}`, nil); resp.StatusCode != 201 {
		t.Fatalf("HTTP %d %s", resp.StatusCode, text)
	}
	newOrder(t, address, "1223", nil)
	if answer := call(t, "GET", address, "/api/v1/orders", "?cust_order_id=1223", "", ""); !strings.Contains(
		answer,
		"injected fault",
	) {
		t.Errorf("got %s", answer)
	}

	if resp, text := do(t, "GET", address+"/_simulator/books", "", nil); resp.StatusCode != 200 ||
		!strings.Contains(text, `"order_id":"1223"`) {
		t.Errorf("HTTP %d %s", resp.StatusCode, text)
	}
}

func TestWhatTheKitIsGiven(t *testing.T) {
	s, address := start(t)
	id, _ := newOrder(t, address, "1223", nil)
	if list := s.Webhooks("1223"); list != nil {
		t.Errorf("an open order has %d webhooks", len(list))
	}

	s.Settle("1223")
	if list := s.Webhooks("1223"); len(list) != 3 ||
		string(list[0].Body) == string(list[2].Body) {
		t.Errorf("got %d webhooks", len(list))
	}

	if list := s.Returns("1223"); len(list) != 1 || list[0].Query != "id="+id+"&status=1" {
		t.Errorf("got %+v", list)
	}
	if s.Webhooks("x") != nil || s.Returns("x") != nil {
		t.Error("an order that was never made")
	}

	var config map[string]string
	if err := json.Unmarshal([]byte(New().Config("http://x")), &config); err != nil ||
		len(config) != 6 ||
		config["base_url"] != "http://x" {
		t.Errorf("got %v, %v", config, err)
	}
}
