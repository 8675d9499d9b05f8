package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The simulator's own signatures are PHP's as well.
func TestVectors(t *testing.T) {
	data, err := os.ReadFile("../testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Meta struct {
			Postbacks []struct {
				Access   string `json:"access_key"`
				Private  string `json:"private_access_key"`
				Signed   string `json:"signed_json"`
				Expected string `json:"expected"`
			} `json:"postback_signatures"`
		} `json:"meta"`
		Payouts []struct {
			ID       string `json:"id"`
			Key      string `json:"private_key"`
			Data     string `json:"data_json"`
			Expected string `json:"expected"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}

	for _, v := range file.Meta.Postbacks {
		if got := sign(v.Access+v.Private, v.Signed); got != v.Expected {
			t.Errorf("got %s, want %s", got, v.Expected)
		}
	}

	for _, v := range file.Payouts {
		if strings.HasPrefix(v.ID, "amount_") || v.ID == "numeric_keys" {
			continue // its API takes whole numbers, and no such keys
		}
		s := New(WithCredentials("s", v.Key, "a"))
		if !s.signedBy([]byte(v.Data), v.Expected) ||
			s.signedBy([]byte(v.Data), v.Expected[1:]+"0") {
			t.Errorf("%s: not PHP's signature", v.ID)
		}
	}
}

// shop receives postbacks.
type shop struct {
	*httptest.Server
	got chan string
}

func newShop(t *testing.T, answers ...string) shop {
	t.Helper()
	s := shop{got: make(chan string, 16)}
	s.Server = httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			answer := `{"status":"ok"}`
			if len(answers) > 0 {
				answer, answers = answers[0], answers[1:]
			}
			_, _ = io.WriteString(w, answer)
			s.got <- string(body)
		}),
	)

	t.Cleanup(s.Close)
	return s
}

// started returns a simulator that tells the shop, and a client of it.
func started(t *testing.T, to shop) (*Simulator, *httptest.Server, *http.Client) {
	t.Helper()
	sim := New(WithWebhooks())
	api := httptest.NewServer(sim)
	t.Cleanup(api.Close)
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	for body, status := range map[string]int{to.URL: 204, "nowhere": 400} {
		req, _ := http.NewRequestWithContext(
			t.Context(),
			http.MethodPut,
			api.URL+"/_simulator/notify-url",
			strings.NewReader(body),
		)
		resp, err := client.Do(req)
		if err != nil || resp.StatusCode != status {
			t.Fatalf("the notify URL %q: %+v, %v", body, resp, err)
		}

		resp.Body.Close()
	}

	return sim, api, client
}

func post(t *testing.T, client *http.Client, address, body string) map[string]any {
	t.Helper()
	resp, err := client.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}

	return out
}

func openPage(t *testing.T, client *http.Client, api string) string {
	t.Helper()
	out := post(
		t,
		client,
		api+"/api/v1/payment/create/fpx?secret="+DefaultSecret,
		`{"language":"en","currency":"USD","bank":"MBB",`+
			`"amount":60,"label":"55","redirect_url":"https://shop.example/back","custom_transaction_id":"pay_1"}`,
	)
	if out["status"] != "ok" {
		t.Fatalf("got %v", out)
	}

	return out["url"].(string)
}

func press(t *testing.T, client *http.Client, page, button string) {
	t.Helper()
	resp, err := client.PostForm(page, url.Values{"result": {button}})
	if err != nil || resp.StatusCode != http.StatusSeeOther ||
		resp.Header.Get("Location") != "https://shop.example/back" {
		t.Fatalf("got %+v, %v", resp, err)
	}
	resp.Body.Close()
}

// A page shows the payment, and its button settles it once, with one postback.
func TestPage(t *testing.T) {
	to := newShop(t)
	sim, api, client := started(t, to)
	page := openPage(t, client, api.URL)
	resp, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}

	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !strings.Contains(string(body), "60.00 USD") ||
		!strings.Contains(string(body), `value="pay"`) {
		t.Errorf("the page: %s", body)
	}

	press(t, client, page, "pay")
	press(t, client, page, "cancel") // too late
	if told := <-to.got; !strings.Contains(told, `"plugin_custom_order_id":"pay_1"`) ||
		!strings.Contains(
			told,
			sign(
				DefaultAccessKey+DefaultPrivateKey,
				additionalData(sim.Ledger().Entries()[0], false),
			),
		) {
		t.Errorf("told %s", told)
	}

	if e := sim.Ledger().Entries()[0]; e.Status != statusPaid || !e.Moved ||
		len(to.got) != 0 {
		t.Errorf("%+v, and %d postbacks more", e, len(to.got))
	}
}

// Nobody is told of a payment that was given up.
func TestPageCanceled(t *testing.T) {
	to := newShop(t)
	sim, api, client := started(t, to)
	press(t, client, openPage(t, client, api.URL), "cancel")
	if e := sim.Ledger().Entries()[0]; e.Status != statusCanceled || e.Moved ||
		len(to.got) != 0 {
		t.Errorf("%+v, and %d postbacks", e, len(to.got))
	}
}

// A postback that is not answered with ok comes again; it can come twice, or
// with a wrong signature.
func TestPostbacksGoWrong(t *testing.T) {
	for name, c := range map[string]struct {
		kind    fault.Kind
		answers []string
		times   int
	}{
		"sent again": {"", []string{"no", `{"status":"fail"}`}, 3},
		"duplicate":  {fault.Duplicate, nil, 2},
		"forged":     {fault.WrongSignature, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			to := newShop(t, c.answers...)
			sim, api, client := started(t, to)
			if c.kind != "" {
				if err := sim.Faults().Add(fault.Fault{Kind: c.kind, Times: 1}); err != nil {
					t.Fatal(err)
				}
			}

			press(t, client, openPage(t, client, api.URL), "pay")
			if len(to.got) != c.times {
				t.Errorf("told %d times", len(to.got))
			}
			right := sign(
				DefaultAccessKey+DefaultPrivateKey,
				additionalData(sim.Ledger().Entries()[0], false),
			)
			if told := <-to.got; strings.Contains(
				told,
				right,
			) == (c.kind == fault.WrongSignature) {
				t.Errorf("told %s", told)
			}
		})
	}
}

// Payouts are finished by themselves, one way or the other.
func TestPayouts(t *testing.T) {
	for account, status := range map[string]string{"11111111": "1", RejectedAccount: "5"} {
		to := newShop(t)
		sim, api, client := started(t, to)
		body := `{"account_number":"` + account + `","amount":1000,"currency_code":"INR","is_test":true,"label":"55","payment_system":"paytm","withdrawal_id":"po_1"`
		mac := sign(DefaultPrivateKey, account+":1000:INR:1:55:paytm:po_1")
		if out := post(t, client, api.URL+"/v2/withdrawal/create", body+`,"signature":"`+mac+`"}`); out["status"] != "ok" {
			t.Fatalf("got %v", out)
		}

		if told := <-to.got; !strings.Contains(
			told,
			`"withdrawal_id":"po_1","withdrawal_status":`+status,
		) {
			t.Errorf("told %s", told)
		}

		if e := sim.Ledger().Entries()[0]; e.Moved != (status == "1") ||
			e.Details["is_test"] != "true" {
			t.Errorf("%+v", e)
		}
	}
}
