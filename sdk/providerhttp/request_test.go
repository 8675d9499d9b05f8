package providerhttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

func TestNewRefusesBadBaseURL(t *testing.T) {
	for _, base := range []string{
		"", "api.example.com", "ftp://api.example.com", "https://", "https://user:canary@api.example.com",
		"https://api.example.com?key=canary", "https://api.example.com?", "https://api.example.com#x", "https://api.example.com#",
		"https://canary\x7f/",
	} {
		_, err := providerhttp.New(sdk.Runtime{}, providerhttp.Options{BaseURL: base})
		e, ok := err.(*sdk.Error)
		if !ok || e.Code != sdk.CodeInvalidRequest || e.Outcome != sdk.OutcomeNotSent ||
			len(e.Violations) != 1 ||
			e.Violations[0].Field != "base_url" {
			t.Errorf("%q gives %v, want a violation of base_url", base, err)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("the error repeats what was in the address: %v", err)
		}
	}
}

// transport is a network for tests that need none.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// capture keeps the requests and answers them all with "{}".
func capture(into *[]*http.Request) sdk.Runtime {
	return sdk.Runtime{Transport: transport(func(r *http.Request) (*http.Response, error) {
		*into = append(*into, r)
		return &http.Response{
			StatusCode: 200,
			Header:     http.Header{},
			Body:       io.NopCloser(strings.NewReader("{}")),
		}, nil
	})}
}

func TestTargets(t *testing.T) {
	type request = providerhttp.Request
	for name, tc := range map[string]struct {
		base    string
		request request
		want    string // "" when it must be refused
	}{
		"path":                      {"https://a.example", request{Path: "/v1/x"}, "https://a.example/v1/x"},
		"path without slash":        {"https://a.example", request{Path: "v1/x"}, "https://a.example/v1/x"},
		"base with path":            {"https://a.example/sim/ptop/", request{Path: "/api"}, "https://a.example/sim/ptop/api"},
		"no path":                   {"https://a.example/rpc", request{}, "https://a.example/rpc"},
		"query":                     {"https://a.example", request{Path: "/x", Query: url.Values{"b": {"2 3"}, "a": {"1"}}}, "https://a.example/x?a=1&b=2+3"},
		"escaped part":              {"https://a.example", request{Path: "/x/" + url.PathEscape("a/b?c#d")}, "https://a.example/x/a%2Fb%3Fc%23d"},
		"trailing slash":            {"https://a.example", request{Path: "/images/"}, "https://a.example/images/"},
		"another host by path":      {"https://a.example", request{Path: "//evil.example/x"}, "https://a.example//evil.example/x"},
		"query in path":             {"https://a.example", request{Path: "/x?y=1"}, ""},
		"fragment in path":          {"https://a.example", request{Path: "/x#y"}, ""},
		"dots":                      {"https://a.example", request{Path: "/v1/../admin"}, ""},
		"escaped dots":              {"https://a.example", request{Path: "/v1/%2e%2e/admin"}, ""},
		"dots behind escaped slash": {"https://a.example", request{Path: "/v1/a%2F..%2Fb"}, ""},
		"bad escape":                {"https://a.example", request{Path: "/v1/%zz"}, ""},
		"control character":         {"https://a.example", request{Path: "/v1/\n"}, ""},
		"own host":                  {"https://a.example", request{URL: "https://A.example/pay?x=1", Query: url.Values{"y": {"2"}}}, "https://A.example/pay?x=1&y=2"},
		"own host, other scheme":    {"https://a.example", request{URL: "http://a.example/pay"}, ""},
		"own host, other port":      {"https://a.example", request{URL: "https://a.example:8443/pay"}, ""},
		"allowed host":              {"https://a.example", request{URL: "https://pay.example/x"}, "https://pay.example/x"},
		"allowed host, its port":    {"https://a.example", request{URL: "https://pay.example:443/x"}, "https://pay.example:443/x"},
		"allowed host, plain":       {"https://a.example", request{URL: "http://pay.example/x"}, ""},
		"below an allowed host":     {"https://a.example", request{URL: "https://x.pay.example/"}, ""},
		"like an allowed host":      {"https://a.example", request{URL: "https://pay.example.evil.example/"}, ""},
		"allowed host as user":      {"https://a.example", request{URL: "https://pay.example@evil.example/"}, ""},
		"user on allowed host":      {"https://a.example", request{URL: "https://u:p@pay.example/"}, ""},
		"no absolute URL":           {"https://a.example", request{URL: "/pay"}, ""},
		"no URL":                    {"https://a.example", request{URL: "https://a.example/%zz"}, ""},
		"bad method":                {"https://a.example", request{Method: "NO GOOD"}, ""},
		"header injection":          {"https://a.example", request{Header: http.Header{"X": {"a\r\nY: b"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var seen []*http.Request
			b := newBench(
				t,
				capture(&seen),
				providerhttp.Options{BaseURL: tc.base, AllowHosts: []string{"pay.example"}},
			)
			_, err := b.client.Do(b.ctx, tc.request)

			switch {
			case tc.want == "":
				if sdk.OutcomeOf(err) != sdk.OutcomeNotSent || len(seen) != 0 {
					t.Errorf(
						"%d requests and error %v, want none and not sent",
						len(seen),
						err,
					)
				}

			case err != nil || len(seen) != 1:
				t.Errorf("%d requests and error %v, want one and none", len(seen), err)
			case seen[0].URL.String() != tc.want:
				t.Errorf("the address is %s, want %s", seen[0].URL, tc.want)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	var seen []*http.Request
	fixed := http.Header{"accept": {"application/json"}, "X-Fixed": {"1"}}
	b := newBench(
		t,
		capture(&seen),
		providerhttp.Options{BaseURL: "https://a.example", Header: fixed},
	)
	fixed.Set("X-Fixed", "changed later")

	_, err := b.client.Do(b.ctx, providerhttp.Request{
		Method: "POST",
		Body:   providerhttp.JSON([]byte(`{}`)),
		Header: http.Header{
			"ACCEPT":       {"text/plain"},
			"Content-Type": {"application/json; charset=utf-8"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}

	for name, want := range map[string]string{
		"Accept": "text/plain", "X-Fixed": "1", "User-Agent": "payhost-plugin", "Content-Type": "application/json; charset=utf-8",
	} {
		if got := seen[0].Header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestBodiesOnTheWire(t *testing.T) {
	type got struct {
		contentType, body, encoding string
		length                      int64
	}
	requests := make(chan got, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- got{r.Header.Get("Content-Type"), string(body), r.Header.Get("Accept-Encoding"), r.ContentLength}
	}))
	defer s.Close()

	b := bench1(t, s.URL)
	for name, tc := range map[string]struct {
		body              providerhttp.Body
		contentType, data string
	}{
		"JSON":            {providerhttp.JSON([]byte(`{"a": 1.00}`)), "application/json", `{"a": 1.00}`},
		"JSON of a value": {providerhttp.JSONOf(map[string]any{"a": json.Number("1.50"), "b": "<"}), "application/json", `{"a":1.50,"b":"\u003c"}`},
		"form":            {providerhttp.Form(url.Values{"b": {"x y"}, "a": {"1"}}), "application/x-www-form-urlencoded", "a=1&b=x+y"},
		"raw":             {providerhttp.Raw("text/csv", []byte("a;b")), "text/csv", "a;b"},
		"empty":           {providerhttp.Body{}, "", ""},
	} {
		if _, err := b.client.Do(b.ctx, providerhttp.Request{Method: "POST", Body: tc.body}); err != nil {
			t.Fatal(err)
		}
		if r := <-requests; r != (got{tc.contentType, tc.data, "", int64(len(tc.data))}) {
			t.Errorf("%s arrives as %+v", name, r)
		}
	}
}

// What every request carries goes to the provider's own address alone, and a
// request can leave it out.
func TestQueryOfEveryRequest(t *testing.T) {
	for want, req := range map[string]providerhttp.Request{
		"https://a.example/x?secret=canary&v=1":     providerhttp.Get("/x", nil),
		"https://a.example/x?a=2&secret=canary&v=3": providerhttp.Get("/x", url.Values{"a": {"2"}, "v": {"3"}}),
		"https://a.example/y?v=1":                   {Method: "POST", Path: "/y", Query: url.Values{"secret": nil}},
		"https://b.example/z?a=2":                   {URL: "https://b.example/z", Query: url.Values{"a": {"2"}}},
	} {
		var seen []*http.Request
		b := newBench(t, capture(&seen), providerhttp.Options{
			BaseURL:     "https://a.example",
			AllowHosts:  []string{"b.example"},
			Query:       url.Values{"secret": {"canary"}, "v": {"1"}},
			SecretQuery: []string{"secret"},
		})
		if _, err := b.client.Do(b.ctx, req); err != nil {
			t.Fatal(err)
		}

		if got := seen[0].URL.String(); got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
		if e := b.last(t); strings.Contains(e.URL, "canary") {
			t.Errorf("recorded %s", e.URL)
		}
	}

	if r := providerhttp.PostJSON("/p", []int{1}); r.Method != "POST" || r.Path != "/p" ||
		string(r.Body.Bytes()) != "[1]" {
		t.Errorf("got %+v", r)
	}

	if q := providerhttp.Query("b", "x y", "a", "", "c", "1").Encode(); q != "b=x+y&c=1" {
		t.Errorf("got %s", q)
	}
}

// What cannot be written as JSON is no request at all.
func TestJSONOfWhatIsNone(t *testing.T) {
	var seen []*http.Request
	b := newBench(t, capture(&seen), providerhttp.Options{BaseURL: "https://a.example"})
	_, err := b.client.Do(
		b.ctx,
		providerhttp.Request{
			Method: "POST",
			Body:   providerhttp.JSONOf(json.Number("canary")),
		},
	)

	wantFailure(t, err, sdk.CodeInternal, sdk.OutcomeNotSent, "cannot be written as JSON")
	if len(seen) != 0 || strings.Contains(err.Error(), "canary") {
		t.Errorf("%d requests, %v", len(seen), err)
	}
}

func TestProof(t *testing.T) {
	fields := ordered.Texts("key1", "TX 1").
		With(ordered.Pair("amount", ordered.Number("1.50")))

	for name, want := range map[string]string{"bill.png": `filename="bill.png"`, "": `filename="screenshot"`} {
		var seen []*http.Request
		b := newBench(t, capture(&seen), providerhttp.Options{BaseURL: "https://a.example"})
		file := &sdk.Attachment{
			Field:     "screenshot",
			Filename:  name,
			MediaType: "image/png",
			Content:   []byte("x"),
		}
		if _, err := b.client.Do(b.ctx, providerhttp.Request{Method: "POST", Body: providerhttp.ConfirmationForm(fields, nil, file)}); err != nil {
			t.Fatal(err)
		}

		body, _ := io.ReadAll(seen[0].Body)
		for _, part := range []string{"name=\"key1\"\r\n\r\nTX 1\r\n", "name=\"amount\"\r\n\r\n1.50\r\n", want} {
			if !strings.Contains(string(body), part) {
				t.Errorf("%q is not in %q", part, body)
			}
		}

		if n := strings.Count(string(body), "Content-Disposition"); n != 3 {
			t.Errorf("%d parts", n)
		}
	}
}

// The account's end is the client's.
func TestTheClientIsClosedWithItsAccount(t *testing.T) {
	var ends []func()
	rt := sdk.Runtime{OnClose: func(end func()) { ends = append(ends, end) }}
	if _, err := providerhttp.New(rt, providerhttp.Options{BaseURL: "no address"}); err == nil ||
		len(ends) != 0 {
		t.Errorf("%d to close of a client that is none, %v", len(ends), err)
	}

	dropped := make(chan struct{}, 1)
	s := httptest.NewUnstartedServer(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
	)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			dropped <- struct{}{}
		}
	}

	s.Start()
	defer s.Close()
	c, err := providerhttp.New(rt, providerhttp.Options{BaseURL: s.URL})
	if err != nil || len(ends) != 1 {
		t.Fatalf("%d to close, %v", len(ends), err)
	}

	if _, err := c.Do(t.Context(), providerhttp.Request{}); err != nil {
		t.Fatal(err)
	}
	ends[0]()
	<-dropped
}

func TestMultipart(t *testing.T) {
	var seen []*http.Request
	b := newBench(
		t,
		capture(&seen),
		providerhttp.Options{BaseURL: "https://a.example", SecretFields: []string{"pin"}},
	)
	picture := bytes.Repeat([]byte{0xff, 0}, 50)
	_, err := b.client.Do(b.ctx, providerhttp.Request{
		Method: "POST",
		Body: providerhttp.Multipart(
			providerhttp.Part{Name: "label", Value: []byte("customer \u00e9")},
			providerhttp.Part{Name: "pin", Value: []byte("canary")},
			providerhttp.Part{
				Name:      "screenshot",
				Value:     picture,
				FileName:  "a\"\r\nX: \x01b.png",
				MediaType: "image/png",
			},
			providerhttp.Part{
				Name:      "other",
				Value:     []byte("%PDF"),
				MediaType: "bad\r\ntype",
			},
		),
	})
	if err != nil {
		t.Fatal(err)
	}

	_, params, err := mime.ParseMediaType(seen[0].Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	form, err := multipart.NewReader(seen[0].Body, params["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}

	if form.Value["label"][0] != "customer \u00e9" || form.Value["pin"][0] != "canary" ||
		len(form.Value) != 2 ||
		len(form.File) != 2 {
		t.Errorf("the form is %v with files %v", form.Value, form.File)
	}

	file := form.File["screenshot"][0]
	if file.Filename != "a%22%0D%0AX: b.png" || file.Size != 100 ||
		file.Header.Get("Content-Type") != "image/png" ||
		file.Header.Get("X") != "" {
		t.Errorf("the file is %q of %d bytes, %v", file.Filename, file.Size, file.Header)
	}

	if got := form.File["other"][0].Header.Get("Content-Type"); got != "application/octet-stream" {
		t.Errorf("a media type that is none becomes %q", got)
	}
	want := "label: customer \u00e9\npin: [secret]\nscreenshot: [file, 100 bytes]\nother: [file, 4 bytes]"
	if got := b.last(t).RequestBody; got != want {
		t.Errorf("recorded is %q, want %q", got, want)
	}
}

type notSent bool

func (notSent) Error() string   { return "simulated" }
func (n notSent) NotSent() bool { return bool(n) }

// A transport of the tests has no connection: it says itself that it sent
// nothing, or is taken to have sent.
func TestReplacedTransport(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()

	for name, tc := range map[string]struct {
		err   error
		ctx   context.Context
		want  sdk.Outcome
		calls int
	}{
		"says nothing":       {errors.New("simulated"), t.Context(), sdk.OutcomeUnknown, 1},
		"says not sent":      {notSent(true), t.Context(), sdk.OutcomeNotSent, 1},
		"says sent":          {notSent(false), t.Context(), sdk.OutcomeUnknown, 1},
		"call over before":   {nil, canceled, sdk.OutcomeNotSent, 0},
		"context's own end":  {context.Canceled, t.Context(), sdk.OutcomeUnknown, 1},
		"wrapped, says that": {&url.Error{Op: "Post", URL: "https://x/?secret=canary", Err: notSent(true)}, t.Context(), sdk.OutcomeNotSent, 1},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			b := newBench(
				t,
				sdk.Runtime{
					Transport: transport(func(r *http.Request) (*http.Response, error) {
						calls++
						if r.GetBody != nil {
							t.Error("the transport could send the body again")
						}
						return nil, tc.err
					}),
				},
				providerhttp.Options{BaseURL: "https://a.example"},
			)

			_, err := b.pay(tc.ctx)
			if got := sdk.OutcomeOf(err); got != tc.want || calls != tc.calls {
				t.Errorf(
					"%d calls and %v, want %d and outcome %s",
					calls,
					err,
					tc.calls,
					tc.want,
				)
			}

			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error passes on the text of another: %v", err)
			}
		})
	}
}
