package providerhttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// official sends a request as a provider's own SDK does.
func official(
	ctx context.Context,
	b *bench,
	method, address, body string,
	header http.Header,
) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	for name, values := range header {
		req.Header[name] = values
	}

	resp, err := b.client.HTTPClient().Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()

	text, err := io.ReadAll(resp.Body)
	return resp.Status + " " + string(text), err
}

func TestAnOfficialSDKsRequest(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "PATCH" || r.URL.RequestURI() != "/v1/pay?a=1" ||
			string(body) != `{"card_token":"tok-12345"}` {
			t.Errorf("%s %s came with %q", r.Method, r.URL, body)
		}

		if r.Header.Get("User-Agent") != "official/1" || r.Header.Get("X-Version") != "7" ||
			r.Header.Get("X-Own") != "sdk" ||
			r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("it came with the headers %v", r.Header)
		}

		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"id":"1","echo":"key-67890"}`)
	}))
	defer s.Close()

	b := newBench(t, sdk.Runtime{}, providerhttp.Options{
		BaseURL:      s.URL,
		Header:       http.Header{"X-Version": {"7"}, "X-Own": {"ours"}},
		SecretFields: []string{"card_token"},
	})
	said, err := official(
		b.ctx,
		b,
		"PATCH",
		s.URL+"/v1/pay?a=1",
		`{"card_token":"tok-12345"}`,
		http.Header{
			"Content-Type": {
				"application/json",
			}, "Authorization": {"Bearer key-67890"}, "User-Agent": {"official/1"},
			"X-Own": {"sdk"}, "Accept-Encoding": {"gzip"},
		},
	)
	if err != nil || said != `201 Created {"id":"1","echo":"key-67890"}` {
		t.Errorf("the SDK got %q, %v", said, err)
	}

	e := b.last(t)
	if !e.Sent || e.Status != 201 || e.RequestBody != `{"card_token":"[secret]"}` ||
		e.ResponseBody != `{"id":"1","echo":"[secret]"}` {
		t.Errorf("recorded is %+v", e)
	}

	if log := b.log.String(); !strings.Contains(log, "provider request") ||
		strings.Contains(log, "67890") {
		t.Errorf("logged is %s", log)
	}
}

func TestAnOfficialSDKIsHeldToTheRules(t *testing.T) {
	redirecting := serve(
		t,
		answer("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
	)
	large := serve(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789"))
	dying := serve(t, func(conn net.Conn) { readRequest(conn) })
	over, cancel := context.WithCancel(t.Context())
	cancel()

	for name, c := range map[string]struct {
		base, address string
		ctx           context.Context
		outcome       sdk.Outcome
		says          string
	}{
		"another host":   {dying.url, "http://other.example/", nil, sdk.OutcomeNotSent, "not on a host that this provider may use"},
		"another scheme": {dying.url, "ftp://" + dying.addr, nil, sdk.OutcomeNotSent, "not on a host"},
		"a redirect":     {redirecting.url, redirecting.url, nil, sdk.OutcomeUnknown, "redirect"},
		"a large answer": {large.url, large.url, nil, sdk.OutcomeUnknown, "larger than 8 bytes"},
		"no answer":      {dying.url, dying.url + "/pay", nil, sdk.OutcomeUnknown, "closed"},
		"nobody there":   {"http://127.0.0.1:1", "http://127.0.0.1:1/pay", nil, sdk.OutcomeNotSent, "connection refused"},
		"too late":       {dying.url, dying.url, over, sdk.OutcomeNotSent, "canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(
				t,
				sdk.Runtime{},
				providerhttp.Options{BaseURL: c.base, MaxResponse: 8},
			)
			ctx := b.ctx
			if c.ctx != nil {
				ctx = c.ctx
			}

			_, err := official(ctx, b, "POST", c.address, "{}", nil)
			if !errors.As(err, new(*sdk.Error)) {
				t.Fatalf("the error is a %T: %v", err, err)
			}
			e := sdk.AsError(err)
			if e.Outcome != c.outcome || !strings.Contains(e.Message, c.says) {
				t.Errorf("got %s: %s", e.Outcome, e.Message)
			}
		})
	}
}

// An official SDK gives every request a way to be read again, which net/http
// would use.
func TestAnOfficialSDKsMoneyIsNeverSentTwice(t *testing.T) {
	for name, tc := range repeatable {
		if tc.request.Method == "GET" {
			continue // nothing in it says that it moves money
		}
		t.Run(name, func(t *testing.T) {
			var arrived atomic.Int32
			s := closesReused(t, &arrived)
			b := bench1(t, s.url)
			if _, err := official(b.ctx, b, "GET", s.url+"/read", "", nil); err != nil {
				t.Fatal(err)
			}

			if _, err := official(b.ctx, b, tc.request.Method, s.url+"/pay", tc.data, tc.request.Header); err != nil {
				t.Errorf("on a connection of its own it failed: %v", err)
			}
			if n := arrived.Load(); n != 1 {
				t.Errorf("it arrived %d times", n)
			}
		})
	}
}
