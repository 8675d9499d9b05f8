package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// order is what a provider was told of one payment.
type order struct{ reference, theirs, notifyURL string }

// sender is a provider that takes every order and tells of its payment.
type sender struct {
	name, config string
	request      host.PaymentRequest
	// take answers a call, and notes the order when it makes one.
	take func(r *http.Request, body []byte, note func(order)) string
	// fields are what a success says. The first `decisive` of them say which
	// payment it is and what became of it.
	fields   func(order) []ordered.Member
	decisive int
	// write makes the webhook, signed as the provider does.
	write func(order, ordered.Value) (path string, header http.Header, body []byte, can bool)
	// forms: it may also be written as a form. allSigned: nothing can be added
	// to it.
	forms, allSigned bool
	// asked: where a webhook has no amount the provider is asked for it.
	asked bool
}

func text(
	key, value string,
) ordered.Member {
	return ordered.Pair(key, ordered.String(value))
}

func jsonText(v ordered.Value) []byte {
	data, _ := v.MarshalJSON()
	return data
}

// senders are the five providers, as far as a payment and its webhook go.
func senders() []sender {
	return []sender{
		{
			name:     "ttrpay",
			config:   "merchant_key = \"key\"\nmerchant_secret = \"ttrpay's secret\"",
			forms:    true,
			decisive: 2,
			request: host.PaymentRequest{
				Currency: "USD",
				Customer: host.Customer{
					ID:        "1",
					Email:     "a@example.com",
					Phone:     "+1",
					FirstName: "Ada",
					LastName:  "Lovelace",
					IP:        "198.51.100.7",
				},
			},
			take: func(_ *http.Request, body []byte, note func(order)) string {
				v, _ := ordered.Parse(body)
				note(
					order{
						reference: v.At("order_id").Text(),
						theirs:    "T" + v.At("order_id").Text(),
						notifyURL: v.At("ipn_url").Text(),
					},
				)
				return `{"status":true,"result":{"code":"00","message":"ok","payment_link":"https://pay.example/pay/L1"}}`
			},
			fields: func(o order) []ordered.Member {
				return []ordered.Member{
					text(
						"status",
						"1",
					), text("merchant_ref_code", o.reference), text("transaction_id", o.theirs),
					text(
						"cs_ref_code",
						"2025-1",
					), text("currency", "USD"), text("amount", "60.00"), text("true_amount", "60.00"),
					text("datetime", "2025-12-13 03:37:11"),
				}
			},
			write: func(o order, v ordered.Value) (string, http.Header, []byte, bool) {
				u, _ := url.Parse(o.notifyURL)
				return u.Path, nil, jsonText(v), true
			},
		},
		{
			name: "paysepro",
			config: "uid = \"1\"\nmid = \"2\"\nemail = \"shop@example.com\"\napi_key = \"paysepro's key\"\n" +
				"country = \"ar\"\nnotify_ips = [\"192.0.2.1\"]",
			forms:    true,
			decisive: 5,
			request: host.PaymentRequest{
				Currency: "USD",
				Method:   "neosurf",
				Country:  "ar",
				Customer: host.Customer{
					Email:     "a@example.com",
					FirstName: "Ada",
					LastName:  "Lovelace",
				},
			},
			take: func(r *http.Request, body []byte, note func(order)) string {
				if r.URL.Path == "/getData.php" {
					return `{"error":0,"data":{"error":0,"sites":{"status":"enabled"},"modules":{"status":"enabled","currency":"USD",` +
						`"methods":{"neosurf":[{"method":"neosurf","country":"","price":"12.00","pmin":"1.00","pmax":"1000.00"}]}},"gateway":{"url":""}}}`
				}

				form, _ := url.ParseQuery(string(body))
				note(order{reference: form.Get("ucode"), theirs: "C" + form.Get("ucode")})
				return fmt.Sprintf(
					`{"code":"C%s","price":60.00,"error":0,"url":"https://pay.example/pay"}`,
					form.Get("ucode"),
				)
			},
			fields: func(o order) []ordered.Member {
				return []ordered.Member{
					text(
						"result",
						"ok",
					), text("ucode", o.reference), text("code", o.theirs), text("uid", "1"), text("mid", "2"),
					text(
						"price",
						"60.00",
					), text("currency", "USD"), text("country", "ar"), text("email", "a@example.com"),
					text("type", "neosurf"), text("mode", "live"),
				}
			},
			write: func(_ order, v ordered.Value) (string, http.Header, []byte, bool) {
				return "/webhooks/paysepro", nil, jsonText(v), true
			},
		},
		{
			name:      "ptop",
			config:    "website_id = \"w1\"\nsecret_key = \"ptop's secret\"\nwebsite_url = \"https://shop.example\"",
			decisive:  3,
			allSigned: true,
			request:   host.PaymentRequest{Currency: "USD"},
			take: func(r *http.Request, _ []byte, note func(order)) string {
				if strings.HasSuffix(r.URL.Path, "payment-check") {
					return `{"status":1}`
				}
				o := order{
					reference: r.URL.Query().Get("order_id"),
					theirs:    strconv.FormatInt(time.Now().UnixNano(), 10),
				}
				note(o)
				return `{"status":"success","Code":200,"payment_url":"https://pay.example/` + o.theirs + `"}`
			},
			fields: func(o order) []ordered.Member {
				return []ordered.Member{
					ordered.Pair(
						"success",
						ordered.Bool(true),
					), ordered.Pair("transaction_id", ordered.Number(o.theirs)),
					text("order_id", o.reference), text("message", "Payment done"),
				}
			},
			write: func(_ order, v ordered.Value) (string, http.Header, []byte, bool) {
				signed, err := signature.PHPJSON(v)
				if err != nil {
					return "", nil, nil, false
				}
				v = v.With(
					text("signature", signature.HMACSHA256Hex("ptop's secret", signed)),
				)
				return "/webhooks/ptop", nil, jsonText(v), true
			},
		},
		{
			name:      "paycrypto",
			config:    "api_key = \"key\"\napi_secret = \"api secret\"\nwebhook_secret = \"paycrypto's secret\"",
			decisive:  3,
			allSigned: true,
			asked:     true,
			request:   host.PaymentRequest{Currency: "USD"},
			take: func(r *http.Request, body []byte, note func(order)) string {
				if r.Method == http.MethodGet {
					reference := r.URL.Query().Get("cust_order_id")
					return `{"code":0,"result":{"code":0,"result":{"pages":1,"records":[{"order_id":"o` + reference + `","cust_order_id":"` +
						reference + `","status":1,"amount":"60.00","currency":"USD"}]}}}`
				}

				v, _ := ordered.Parse(body)
				o := order{
					reference: v.At("cust_order_id").Text(),
					theirs:    "o" + v.At("cust_order_id").Text(),
				}
				note(o)

				return `{"code":0,"msg":"SUCCESS","result":{"order_id":"` + o.theirs + `","redirect_url":"https://pay.example/1"}}`
			},
			fields: func(o order) []ordered.Member {
				return []ordered.Member{
					text(
						"cust_order_id",
						o.reference,
					), text("order_id", o.theirs), ordered.Pair("status", ordered.Int(1)),
					text(
						"amount",
						"60.00",
					), text("currency", "USD"), text("paid_amount", "60.1"), text("paid_currency", "USDT"),
					text("reason", ""), ordered.Pair("id", ordered.String("e"+o.reference)),
					ordered.Pair("create_time", ordered.Number("1585293811000")),
				}
			},
			write: func(_ order, v ordered.Value) (string, http.Header, []byte, bool) {
				event := ordered.Object(ordered.Pair("params", v.Without("id", "create_time"))).
					With(v.Without("cust_order_id", "order_id", "status", "amount", "currency", "paid_amount", "paid_currency", "reason").Members()...)
				inner := string(jsonText(event))
				body := ordered.Object(
					text("action", "order_result"),
					ordered.Pair("events", ordered.Array(ordered.String(inner))),
				)
				list, err := signature.FastJSON(body.At("events"))
				if err != nil {
					return "", nil, nil, false
				}

				stamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
				mac := signature.HMACSHA256Base64(
					"paycrypto's secret",
					stamp+"ORDER_RESULT"+"action=order_result&events="+list,
				)

				return "/webhooks/paycrypto", http.Header{
						"Signature": {"another", mac},
						"Timestamp": {stamp},
					}, jsonText(
						body,
					), true
			},
		},
		{
			name: "paykassma",
			config: "secret = \"plugin api secret\"\nprivate_key = \"private key\"\naccess_key = \"access key\"\n" +
				"time_zone = \"America/New_York\"",
			decisive: 1,
			request: host.PaymentRequest{
				Currency:        "INR",
				Method:          "upi",
				Customer:        host.Customer{ID: "1"},
				ProviderOptions: json.RawMessage(`{"flow":"payment","bank":"b"}`),
			},
			take: func(_ *http.Request, body []byte, note func(order)) string {
				v, _ := ordered.Parse(body)
				note(order{reference: v.At("custom_transaction_id").Text()})
				return `{"status":"ok"}`
			},
			fields: func(o order) []ordered.Member {
				return []ordered.Member{
					text(
						"plugin_custom_order_id",
						o.reference,
					), text("transaction_id", "t"+o.reference), text("amount", "60.00"),
					text(
						"currency_code",
						"INR",
					), text("activated_datetime", "2025-12-13 03:37:11"), text("label", "1"),
					text("wallet_type", "upi"),
				}
			},
			write: func(_ order, v ordered.Value) (string, http.Header, []byte, bool) {
				data := ordered.Array(v)
				signed, err := signature.PHPJSON(
					data,
					signature.UnescapedSlashes,
					signature.UnescapedUnicode,
				)
				if err != nil {
					return "", nil, nil, false
				}

				mac := signature.SHA1Hex(
					"access key" + "private key" + signature.MD5Hex(signed),
				)

				return "/webhooks/paykassma", nil, jsonText(
					ordered.Object(
						text("signature", mac),
						text("label", "Jos\u00e9"),
						text(
							"direction",
							"ingoing",
						),
						ordered.Pair("additional_data", data),
					),
				), true
			},
		},
	}
}

// oddities are values that no field should have, and some do.
func oddities() map[string]ordered.Value {
	return map[string]ordered.Value{
		"thousands": ordered.String(
			"1,060.00",
		), "a decimal comma": ordered.String("60,00"), "spaces": ordered.String(" 60.00 "),
		"a currency's sign": ordered.String(
			"$60.00",
		), "nothing": ordered.String(""), "null": ordered.Null(),
		"an object": ordered.Object(
			text("a", "b"),
		), "a list": ordered.Array(ordered.Int(1)), "true": ordered.Bool(true),
		"a huge number": ordered.Number(
			"1e308",
		), "an exponent": ordered.Number("6e1"), "below zero": ordered.String("-60.00"),
		"endless text": ordered.String(
			strings.Repeat("9", 9_000),
		), "a percent": ordered.String("100%"),
		"a semicolon": ordered.String(
			"a;b&c=d",
		), "the last second": ordered.String("9999-12-31 23:59:59"),
		"two lines": ordered.String(
			"a\r\nb",
		), "other letters": ordered.String("платёж 支払い 😀"),
	}
}

// spoiled is one webhook on its way.
type spoiled struct {
	header      http.Header
	query, body string
}

// encodings are the ways in which one webhook may arrive.
func (s sender) encodings(
	t *testing.T,
	header http.Header,
	body []byte,
	v ordered.Value,
) map[string]spoiled {
	t.Helper()
	with := func(key, value string) http.Header {
		out := header.Clone()
		if out == nil {
			out = http.Header{}
		}
		out.Set(key, value)
		return out
	}

	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(body); err != nil || w.Close() != nil {
		t.Fatal(err)
	}

	all := map[string]spoiled{
		"JSON": {
			header: with("Content-Type", "application/json"),
			body:   string(body),
		},
		"JSON with a mark": {header: header, body: "\ufeff" + string(body) + "\n"},
		"gzip": {
			header: with("Content-Encoding", "gzip"),
			body:   packed.String(),
		},
		"JSON with Latin-1 beside": {
			header: header,
			body: strings.TrimSuffix(
				string(body),
				"}",
			) + ",\"note\":\"Jos\xe9 \\ud83d\"}",
		},
	}

	if s.allSigned {
		delete(all, "JSON with Latin-1 beside")
	}
	if !s.forms {
		return all
	}

	pairs := url.Values{}
	var parts bytes.Buffer
	form := multipart.NewWriter(&parts)

	for _, m := range v.Members() {
		pairs.Set(m.Key, m.Value.Message())
		if err := form.WriteField(m.Key, m.Value.Message()); err != nil {
			t.Fatal(err)
		}
	}

	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	all["a form"] = spoiled{
		header: with("Content-Type", "application/x-www-form-urlencoded"),
		body:   pairs.Encode(),
	}
	all["a form with odd pairs"] = spoiled{
		header: header,
		body:   "name=100%&%zz&x=a;b&j=Jos%E9&" + pairs.Encode(),
	}

	all["a form in parts"] = spoiled{
		header: with("Content-Type", form.FormDataContentType()),
		body:   parts.String(),
	}
	all["a form in parts, cut"] = spoiled{
		header: with("Content-Type", form.FormDataContentType()),
		body:   strings.TrimSuffix(parts.String(), "--\r\n"),
	}

	if s.name == "paysepro" {
		all["a query"] = spoiled{query: "name=100%&" + pairs.Encode()}
	}

	return all
}

// A success is genuine whatever one field beside looks like, and however it was
// written: it is never lost. The usual one is written in every way, each odd
// one in another.
func TestAGenuineSuccessIsNeverLostForOneOddField(t *testing.T) {
	for _, s := range senders() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h, made := openFor(t, s)
			names := slices.Sorted(
				maps.Keys(s.encodings(t, nil, []byte("{}"), ordered.Object())),
			)
			seen, tried := map[string]int{}, 0

			try := func(what, encoding string, change func(ordered.Value) ordered.Value) {
				p, err := h.CreatePayment(
					t.Context(),
					s.payment(),
					host.IdempotencyKey(what+encoding),
				)
				if err != nil || p.Failure != nil {
					t.Fatalf("no payment could be made: %+v, %v", p, err)
				}

				o := made(p.ID)
				said := change(ordered.Object(s.fields(o)...))
				path, header, body, can := s.write(o, said)
				if !can {
					return // the provider cannot sign it, so it cannot come
				}

				tried++
				answered := post(h, path, s.encodings(t, header, body, said)[encoding])
				status := settled(
					t,
					h,
					p.ID,
					s.asked &&
						(strings.HasPrefix(what, "amount") || strings.HasPrefix(what, "currency")),
				)

				seen[status]++
				if (answered != http.StatusOK) ||
					((status != "succeeded") && (status != "under_review")) {
					t.Errorf(
						"%s, as %s: answered %d, the payment is %s",
						what,
						encoding,
						answered,
						status,
					)
				}
			}

			for _, encoding := range names {
				try("as usual", encoding, func(v ordered.Value) ordered.Value { return v })
			}
			if seen["succeeded"] != len(names) {
				t.Errorf("as usual: %v", seen)
			}

			for _, m := range s.fields(order{})[s.decisive:] {
				try(
					m.Key+" is missing",
					names[tried%len(names)],
					func(v ordered.Value) ordered.Value { return v.Without(m.Key) },
				)

				for _, name := range slices.Sorted(maps.Keys(oddities())) {
					try(
						m.Key+" is "+name,
						names[tried%len(names)],
						func(v ordered.Value) ordered.Value {
							return v.With(ordered.Pair(m.Key, oddities()[name]))
						},
					)
				}
			}

			t.Logf("%d webhooks: %v", tried, seen)
		})
	}
}

// settled returns a payment's status; ask once the provider has been asked,
// where what came has no amount and its answers do.
func settled(t *testing.T, h *host.Host, id string, ask bool) string {
	t.Helper()
	p, err := h.Payment(t.Context(), id)
	if ask && (err == nil) && (p.Status == "requires_action") {
		if asked, err := h.RefreshPayment(t.Context(), id); err == nil {
			p = asked
		}
	}

	if err != nil {
		t.Fatal(err)
	}

	return string(p.Status)
}

func (s sender) payment() host.PaymentRequest {
	r := s.request
	r.Provider, r.Amount = s.name, decimal.NewFromInt(60)
	r.SuccessURL = "https://shop.example/ok"
	r.CancelURL = "https://shop.example/no"
	r.Description = "Sample"
	return r
}

func post(h *host.Host, path string, sent spoiled) int {
	req := httptest.NewRequest(
		http.MethodPost,
		path+"?"+sent.query,
		strings.NewReader(sent.body),
	)
	for name, values := range sent.header {
		req.Header[name] = values
	}

	w := httptest.NewRecorder()
	h.WebhookHandler().ServeHTTP(w, req)
	return w.Code
}

// openFor opens a host with one account of the provider, and gives what the
// provider was told by our reference.
func openFor(t *testing.T, s sender) (*host.Host, func(reference string) order) {
	t.Helper()
	_, h, made := openWorldFor(t, s)
	return h, made
}

// openWorldFor is openFor, with the world that the host is in.
func openWorldFor(
	t *testing.T,
	s sender,
) (*world, *host.Host, func(reference string) order) {
	t.Helper()
	var mu sync.Mutex
	orders := map[string]order{}
	api := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, s.take(r, body, func(o order) {
				mu.Lock()
				defer mu.Unlock()
				orders[o.reference] = o
			}))
		}),
	)

	t.Cleanup(api.Close)

	dir := t.TempDir()
	w := &world{t: t, dir: dir, config: filepath.Join(dir, "config.toml")}
	w.write(
		fmt.Sprintf(
			"[host]\nplugin_dir = %q\npublic_url = \"https://host.example\"\n[providers.%[2]s]\nplugin = %[2]q\n"+
				"[providers.%[2]s.config]\nenvironment = \"sandbox\"\nbase_url = %[3]q\n%[4]s\n",
			filepath.Join(bin, "plugins"),
			s.name,
			api.URL,
			s.config,
		),
	)

	cfg, err := host.LoadConfig(w.config)
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := h.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})

	return w, h, func(reference string) order {
		mu.Lock()
		defer mu.Unlock()
		return orders[reference]
	}
}
