package providerhttp_test

import (
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// Each secret holds characters that every encoding on the way spells
// differently.
const (
	configured  = `cnryConf"/+<&é`
	queryValue  = `cnryQuery"/+<&é`
	headerValue = `cnryHead"/+<&`
	bearerValue = `cnryBearer/+`
	fieldValue  = `cnryField"/+<&é`
)

func secretOptions(base string) providerhttp.Options {
	return providerhttp.Options{
		BaseURL:      base,
		SecretQuery:  []string{"secret"},
		SecretHeader: []string{"X-Signature"},
		SecretFields: []string{"secret_key", "the_signature"},
	}
}

func secretRuntime() sdk.Runtime {
	return sdk.Runtime{
		Mask: func(text string) string { return strings.ReplaceAll(text, configured, "[secret]") },
	}
}

// secretRequest carries all the secrets, those that are only configured
// included.
func secretRequest(body providerhttp.Body) providerhttp.Request {
	return providerhttp.Request{
		Method:     http.MethodPost,
		Path:       "/pay/" + url.PathEscape(configured),
		MovesMoney: true,
		Body:       body,
		Query: url.Values{
			"Secret": {queryValue},
			"order":  {"4711"},
			"note":   {"a " + configured},
		},
		Header: http.Header{
			"X-Signature":   {headerValue},
			"Authorization": {"Bearer " + bearerValue},
		},
	}
}

func bodies() map[string]providerhttp.Body {
	quote := func(s string) string { return strings.ReplaceAll(fmt.Sprintf("%q", s), "/", `\/`) }
	nested := fmt.Sprintf(`{"secret_key":%q}`, fieldValue)
	return map[string]providerhttp.Body{
		"JSON": providerhttp.JSON(
			[]byte(
				fmt.Sprintf(
					`{"order":"4711","secret_key" : %s,"more":{"the_signature":[%s]},"conf":%s,"inner":%s}`,
					quote(fieldValue),
					quote(fieldValue),
					quote(configured),
					quote(nested),
				),
			),
		),
		"form": providerhttp.Form(
			url.Values{
				"order":      {"4711"},
				"SECRET_KEY": {fieldValue},
				"conf":       {configured},
				"inner":      {nested},
			},
		),
		"multipart": providerhttp.Multipart(
			providerhttp.Part{Name: "order", Value: []byte("4711")},
			providerhttp.Part{
				Name:  "secret_key",
				Value: []byte(fieldValue),
			},
			providerhttp.Part{Name: "conf", Value: []byte(configured)},
		),
		"text": providerhttp.Raw(
			"text/plain",
			[]byte(configured+` "secret_key":"`+fieldValue),
		),
	}
}

// wantNoCanary looks for secrets in all that an exchange left behind.
func wantNoCanary(t *testing.T, b *bench, err error) {
	t.Helper()
	left := fmt.Sprintf("%+v\n%s\n%v", b.record.Exchanges(), b.log.String(), err)
	if e, ok := err.(*sdk.Error); ok {
		left += fmt.Sprintf("%+v", *e)
	}

	if at := strings.Index(strings.ToLower(left), "cnry"); at >= 0 {
		t.Errorf(
			"a secret is left behind: ...%s",
			left[max(0, at-80):min(len(left), at+80)],
		)
	}

	if !strings.Contains(left, "4711") {
		t.Errorf("what is no secret is gone as well: %s", left)
	}
}

// The provider sends every secret back in every spelling, in answers of every
// kind.
func TestSecretsStayInside(t *testing.T) {
	var spelled strings.Builder
	for _, s := range []string{queryValue, headerValue, bearerValue, "Bearer " + bearerValue, fieldValue} {
		quoted := strings.Trim(fmt.Sprintf("%q", s), `"`)
		fmt.Fprintln(
			&spelled,
			s,
			url.QueryEscape(s),
			url.PathEscape(s),
			html.EscapeString(s),
			quoted,
			strings.ReplaceAll(quoted, "/", `\/`),
		)
	}

	fmt.Fprintf(
		&spelled,
		"%s %s secret_key=4711",
		configured,
		html.UnescapeString(html.EscapeString(configured)),
	)
	answers := map[string]string{
		"HTML": "<html>order 4711 " + spelled.String(),
		"JSON": fmt.Sprintf(
			`{"order":4711,"echo":%q,"secret_key":%q,"conf":%q}`,
			queryValue,
			fieldValue,
			configured,
		),
		"half JSON": fmt.Sprintf(
			`{"order":4711,"echo":%q,"secret_key":%q`,
			queryValue,
			fieldValue[:9],
		),
		"JSON in JSON": fmt.Sprintf(
			`{"order":4711,"event":%q}`,
			fmt.Sprintf(`{"conf":%q,"the_signature":%q}`, configured, fieldValue),
		),
		"half of both": fmt.Sprintf(`{"order":4711,"event":%q`, fmt.Sprintf(`{"conf":%q,"the_signature":%q}`, configured, fieldValue))[:92],
		"in prose":     `order 4711 of 5" tube failed: {"a":1,"secret_key" : "` + fieldValue[:9] + `"}`,
		"form": "order=4711&secret_key=" + url.QueryEscape(
			fieldValue,
		) + "&conf=" + url.QueryEscape(
			configured,
		),
		"whole value": `{"order":4711,"secret_key":{"a":["` + fieldValue[:9] + `]}"],"b":"` + fieldValue[:9] + `"},"x":1}`,
		"secret far off": `{"order":4711,"secret_key":"` + strings.Repeat(
			"x",
			64<<10-30-len(queryValue)/2,
		) + `"` + queryValue,
		"secret beyond": `{"order":4711,"secret_key":"` + strings.Repeat(
			"x",
			64<<10-34-len(queryValue)/2,
		) + `","` + queryValue + strings.Repeat(
			"x",
			64<<10,
		),
		"secret cut off": strings.Repeat(
			"4711 ",
			(4<<10)/5-1,
		) + queryValue + "   " + configured,
	}

	for bodyName, body := range bodies() {
		for name, text := range answers {
			t.Run(bodyName+" "+name, func(t *testing.T) {
				api := httptest.NewServer(
					http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Content-Type", "text/html")
						io.WriteString(w, text)
					}),
				)
				defer api.Close()

				b := newBench(t, secretRuntime(), secretOptions(api.URL))
				resp, err := b.client.Do(b.ctx, secretRequest(body))
				if err != nil {
					t.Fatal(err)
				}

				failure := resp.Unexpected("reasons")
				if bodyName == "text" && name == "HTML" {
					// Nothing but its name tells a plain text's field, so that
					// its value cannot be looked for.
					return
				}

				wantNoCanary(t, b, failure)
			})
		}
	}
}

func TestSecretsStayInsideWhenItFails(t *testing.T) {
	for name, handle := range map[string]func(net.Conn){
		"reset":     reset,
		"lost":      func(c net.Conn) { readRequest(c) },
		"not HTTP":  answer(configured + queryValue + fieldValue + headerValue + "\r\n\r\n"),
		"redirect":  answer("HTTP/1.1 302 Found\r\nLocation: https://x.example/?secret=" + url.QueryEscape(queryValue) + "\r\n\r\n" + queryValue),
		"cut":       answer(head + "Content-Length: 1000\r\n\r\n" + `{"secret_key":"` + fieldValue[:9]),
		"bad chunk": answer(head + "Transfer-Encoding: chunked\r\n\r\n" + queryValue + "\r\n"),
	} {
		for bodyName, body := range bodies() {
			t.Run(name+" "+bodyName, func(t *testing.T) {
				b := newBench(t, secretRuntime(), secretOptions(serve(t, handle).url))
				_, err := b.client.Do(b.ctx, secretRequest(body))
				if err == nil {
					t.Fatal("no error")
				}
				wantNoCanary(t, b, err)
			})
		}
	}
}

// Where the secret stood can still be seen, and everything else is as it was.
func TestWhatIsRecorded(t *testing.T) {
	api := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(
				w,
				`{ "secret_key":"", "the_signature" : null, "Secret_Key": 12, "x":1.00 }`,
			)
		}),
	)
	defer api.Close()

	b := newBench(t, secretRuntime(), secretOptions(api.URL))
	request := secretRequest(
		providerhttp.JSON(
			[]byte(`{"secret_key":"cnryShort", "amount": 1.50,"u":"\u00e9\/"}`),
		),
	)
	if _, err := b.client.Do(b.ctx, request); err != nil {
		t.Fatal(err)
	}

	e := b.last(t)
	if want := api.URL + "/pay/[secret]?Secret=[secret]&note=a+[secret]&order=4711"; e.URL != want {
		t.Errorf("the address is %s, want %s", e.URL, want)
	}
	if want := `{"secret_key":"[secret]", "amount": 1.50,"u":"\u00e9\/"}`; e.RequestBody != want {
		t.Errorf("the request is %s, want %s", e.RequestBody, want)
	}

	if want := `{ "secret_key":"", "the_signature" : null, "Secret_Key": "[secret]", "x":1.00 }`; e.ResponseBody != want {
		t.Errorf("the answer is %s, want %s", e.ResponseBody, want)
	}
	if e.Method != "POST" || e.Status != 200 || !e.Sent || e.Error != "" ||
		e.Duration <= 0 {
		t.Errorf("recorded %+v", e)
	}

	line := b.log.String()
	for _, want := range []string{"level=DEBUG", "method=POST", "url=" + api.URL + "/pay/[secret] ", "status=200", "sent=true", "duration_ms="} {
		if !strings.Contains(line, want) {
			t.Errorf("the log has no %s: %s", want, line)
		}
	}

	if strings.Count(line, "\n") != 1 || strings.Contains(line, "4711") {
		t.Errorf("the log is %s", line)
	}
}

func TestRecordsAreShort(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"long":        {strings.Repeat("é", 4<<10), strings.Repeat("é", 2<<10) + "… [cut, 8192 bytes]"},
		"in a letter": {"x" + strings.Repeat("é", 4<<10), "x" + strings.Repeat("é", 2<<10-1) + "… [cut, 8193 bytes]"},
		"just right":  {strings.Repeat("x", 4<<10), strings.Repeat("x", 4<<10)},
		"very long":   {strings.Repeat("x", 100<<10), strings.Repeat("x", 4<<10) + "… [cut, 102400 bytes]"},
		"binary":      {"\x89PNG\r\n\x1a\n\x00", "[image/png, 9 bytes]"},
		"other text":  {"caf\xe9", "caf\uFFFD"},
		"nothing":     {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			api := httptest.NewServer(
				http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "image/png")
					io.Copy(w, r.Body)
				}),
			)
			defer api.Close()

			b := bench1(t, api.URL)
			if _, err := b.client.Do(b.ctx, providerhttp.Request{Method: "PUT", Body: providerhttp.Raw("image/png", []byte(tc.body))}); err != nil {
				t.Fatal(err)
			}
			if e := b.last(t); e.RequestBody != tc.want || e.ResponseBody != tc.want {
				t.Errorf(
					"recorded %q and %q, want %q",
					e.RequestBody,
					e.ResponseBody,
					tc.want,
				)
			}
		})
	}
}

// A content type comes from outside as well.
func TestLongContentType(t *testing.T) {
	b := bench1(
		t,
		serve(
			t,
			answer(
				"HTTP/1.1 200 OK\r\nContent-Type: a/\xff"+strings.Repeat(
					"x",
					9999,
				)+"\r\n\r\n\x00",
			),
		).url,
	)
	if _, err := b.client.Do(b.ctx, providerhttp.Request{}); err != nil {
		t.Fatal(err)
	}

	if want := "[a/?" + strings.Repeat("x", 97) + ", 1 bytes]"; b.last(
		t,
	).ResponseBody != want {
		t.Errorf("recorded %q, want %q", b.last(t).ResponseBody, want)
	}
}

// A secret of an encoding that only the header knows: the whole credentials are
// one.
func TestBasicCredentials(t *testing.T) {
	credentials := base64.StdEncoding.EncodeToString([]byte("user:password"))
	b := bench1(t, serve(t, answer(head+"\r\n<p>bad credentials "+credentials)).url)
	resp, err := b.client.Do(
		b.ctx,
		providerhttp.Request{
			Header: http.Header{"authorization": {"Basic " + credentials}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}

	e := resp.DecodeJSON(new(any)).(*sdk.Error)
	if e.ProviderMessage != "<p>bad credentials [secret]" {
		t.Errorf("the provider's words are %q", e.ProviderMessage)
	}
}
