package inbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// from posts a webhook from an address and returns the answer's status.
func from(b *inbox.Inbox, address, path, body string) int {
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	req.RemoteAddr = address
	w := httptest.NewRecorder()
	b.WebhookHandler().ServeHTTP(w, req)
	return w.Code
}

// back sends a customer back from an address.
func back(b *inbox.Inbox, address, path string) int {
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.RemoteAddr = address
	w := httptest.NewRecorder()
	b.ReturnHandler().ServeHTTP(w, req)
	return w.Code
}

func (r *rig) stored(t *testing.T) int {
	t.Helper()
	list, _, err := r.List(t.Context(), store.WebhookFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

var sixty = decimal.NewFromInt(60)

const neighbour = "203.0.113.9:1"

// Behind one proxy all have one address: what does not verify is bounded, and
// nothing else.
func TestWhatVerifiesIsNeverRefusedForWhatOthersSend(t *testing.T) {
	r := newRig(t, sdk.TrustSignature, sdk.TrustPaymentURL, sdk.TrustAccountURL)
	b := r.stopped()
	r.account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{Status: sdk.PaymentRequiresAction}, nil
	}

	p := r.pay(t, "k")
	if n := knock(b, 200, func(int) string { return neighbour }); n != 60 {
		t.Fatalf("%d forged webhooks were taken", n)
	}
	before := r.stored(t)

	for name, answered := range map[string]int{
		"forged once more":     from(b, neighbour, "/webhooks/acme", `{"verification":"invalid"}`),
		"a hint":               from(b, neighbour, "/webhooks/acme", `{"verification":"none","status":"succeeded"}`),
		"junk":                 from(b, neighbour, "/webhooks/acme", `junk`),
		"an open return":       back(b, neighbour, "/return/acme"),
		"an open return again": back(b, neighbour, "/return/acme?a=1"),
	} {
		if answered != http.StatusTooManyRequests {
			t.Errorf("%s: %d", name, answered)
		}
	}

	if n := r.stored(t); n != before {
		t.Errorf("%d more were stored", n-before)
	}

	signed := fmt.Sprintf(
		`{"reference":%q,"status":"processing","verification":"signature"}`,
		p.ID,
	)

	byOrigin := fmt.Sprintf(
		`{"reference":%q,"status":"processing","verification":"origin"}`,
		p.ID,
	)
	for name, answered := range map[string]int{
		"signed":               from(b, neighbour, "/webhooks/acme", signed),
		"on the payment's URL": from(b, neighbour, path(t, r.created.NotifyURL), byOrigin),
		"on the account's URL": from(b, neighbour, path(t, r.core.AccountURL("acme")), byOrigin),
	} {
		if answered != http.StatusOK {
			t.Errorf("%s: %d", name, answered)
		}
	}

	if got := r.status(t, p.ID); got != payment.Processing {
		t.Errorf("the payment is %s", got)
	}

	for range 70 {
		if answered := back(b, neighbour, path(t, r.created.ReturnURL)); answered != http.StatusSeeOther {
			t.Fatalf("a customer with a token: %d", answered)
		}
	}
}

// While the plugin is away nobody knows what a webhook is worth: its provider
// is told to send it again soon, and not that it has sent too much.
func TestNothingIsTooMuchWhileThePluginIsAway(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	b := r.stopped()
	p := r.pay(t, "k")
	knock(b, 200, func(int) string { return neighbour })
	before := r.stored(t)
	signed := fmt.Sprintf(
		`{"reference":%q,"status":"processing","verification":"signature"}`,
		p.ID,
	)

	r.account.SetDown(true)
	for name, path := range map[string]string{"a webhook": "/webhooks/acme", "a return": "/return/acme"} {
		for _, length := range []int{0, 10_000} {
			req := httptest.NewRequest(
				http.MethodPost,
				path,
				strings.NewReader(signed+strings.Repeat(" ", length)),
			)
			req.RemoteAddr = neighbour
			w := httptest.NewRecorder()
			handler := b.WebhookHandler()

			if name == "a return" {
				handler = b.ReturnHandler()
			}
			handler.ServeHTTP(w, req)
			if (w.Code != http.StatusServiceUnavailable) ||
				(w.Header().Get("Retry-After") != "5") {
				t.Errorf(
					"%s of %d bytes: %d, again after %q",
					name,
					length,
					w.Code,
					w.Header().Get("Retry-After"),
				)
			}
		}
	}

	if n := r.stored(t); n != before {
		t.Errorf("%d more were stored", n-before)
	}

	r.account.SetDown(false)
	if got := from(b, neighbour, "/webhooks/acme", signed); got != http.StatusOK {
		t.Errorf("once it is back: %d", got)
	}
	if got := from(b, neighbour, "/webhooks/acme", "junk"); got != http.StatusTooManyRequests {
		t.Errorf("junk, once it is back: %d", got)
	}
}

// Somebody who sends their own return in a loop gets no more room than others,
// and asks the provider no more than once.
func TestOneReturnInALoop(t *testing.T) {
	r := newRig(t)
	b := r.stopped()
	asked := 0
	r.account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		asked++
		return &sdk.Payment{Status: sdk.PaymentRequiresAction}, nil
	}

	r.pay(t, "k")
	own := path(t, r.created.ReturnURL)

	for n := range 80 {
		if answered := back(b, fmt.Sprintf("203.0.113.%d:1", n%250), own); answered != http.StatusSeeOther {
			t.Fatalf("return %d: %d", n, answered)
		}
	}

	if n := r.stored(t); n != 60 || asked != 1 {
		t.Errorf("%d returns were stored, and the provider was asked %d times", n, asked)
	}

	r.pay(t, "k2")
	if answered := back(b, neighbour, path(t, r.created.ReturnURL)); answered != http.StatusSeeOther ||
		asked != 2 {
		t.Errorf(
			"another customer: %d, and the provider was asked %d times",
			answered,
			asked,
		)
	}
}

// A signed return counts also when its sender has sent too much.
func TestASignedReturnAmongMany(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	b := r.stopped()
	p := r.pay(t, "k")
	r.account.Return = func(_ context.Context, req sdk.ParseReturnRequest) (*sdk.Return, error) {
		if req.Request.Query != "signed" {
			return &sdk.Return{}, nil
		}
		return &sdk.Return{Verification: sdk.VerifiedBySignature,
			Events: []sdk.Event{
				{Reference: p.ID, Payment: &sdk.Payment{Status: sdk.PaymentSucceeded}},
			}}, nil
	}

	own := path(t, r.created.ReturnURL)
	for range 65 {
		back(b, neighbour, own)
	}
	if answered := back(b, neighbour, own+"?signed"); answered != http.StatusSeeOther ||
		r.status(t, p.ID) != payment.Succeeded {
		t.Errorf("answered %d, and the payment is %s", answered, r.status(t, p.ID))
	}
}

// Of junk only the beginning is kept, of what is genuine everything.
func TestHowMuchIsKept(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	long := strings.Repeat(" ", 1<<20-1000)

	for _, c := range []struct {
		name, body string
		answer     int
		kept       int
	}{
		{"forged", `{"verification":"invalid"}`, 401, store.KeptUnverified},
		{"junk", `junk`, 400, store.KeptUnverified},
		{"a hint", `{"verification":"none"}`, 200, store.KeptUnverified},
		{"signed", fmt.Sprintf(`{"reference":%q,"status":"processing","verification":"signature"}`, p.ID), 200, 0},
	} {
		body := c.body + long
		if got := r.post("/webhooks/acme", body).StatusCode; got != c.answer {
			t.Errorf("%s: answered %d", c.name, got)
		}
		if c.kept == 0 {
			c.kept = len(body)
		}

		if kept := string(r.newest(t).Request.Body); len(kept) != c.kept ||
			!strings.HasPrefix(kept, c.body) {
			t.Errorf("%s: %d bytes are kept", c.name, len(kept))
		}
	}

	r.account.SetDown(true)
	r.post("/webhooks/acme", long)
	if kept := len(r.newest(t).Request.Body); kept != len(long) {
		t.Errorf("before it can be read %d bytes are kept", kept)
	}
}

// While the plugin is away long bodies count for more.
func TestLongBodiesThatNobodyCanReadYet(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	r.account.SetDown(true)
	b := r.stopped()
	long := strings.Repeat(" ", 1<<20-1)

	for range 30 {
		if got := from(b, neighbour, "/webhooks/acme", long); got != http.StatusServiceUnavailable {
			t.Fatalf("answered %d", got)
		}
	}

	if taken := r.stored(t); taken != 19 { // of 16 parts each, until less than one of 300 is left
		t.Errorf("%d were taken", taken)
	}
}

// Many at once of one sender do not get more room than one after the other.
func TestManyForgedAtOnce(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	b := r.stopped()
	reading, goOn := make(chan struct{}, 200), make(chan struct{})
	r.account.Webhook = func(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		reading <- struct{}{}
		<-goOn
		return coretest.Parse(ctx, req)
	}

	var sent sync.WaitGroup
	for range 70 {
		sent.Go(
			func() { from(b, neighbour, "/webhooks/acme", `{"verification":"invalid"}`) },
		)
	}

	for range 70 {
		<-reading
	}
	if n := r.stored(t); n != 60 {
		t.Errorf("%d were stored while they were being read", n)
	}

	close(goOn)
	sent.Wait()
}

// A sender that is slow with its long bodies keeps nobody else waiting.
func TestPlacesForLongBodies(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	reading, goOn := make(chan string, 20), make(chan struct{})
	r.account.Webhook = func(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		reading <- req.Request.RemoteAddress
		<-goOn
		return coretest.Parse(ctx, req)
	}

	var sent sync.WaitGroup
	long := `{"verification":"invalid"}` + strings.Repeat(" ", 100_000)
	for range 6 {
		sent.Go(func() { from(r.Inbox, neighbour, "/webhooks/acme", long) })
	}

	for range 4 {
		<-reading // the other two wait for a place
	}
	sent.Go(func() { from(r.Inbox, "203.0.113.10:1", "/webhooks/acme", long) })
	sent.Go(
		func() { from(r.Inbox, neighbour, "/webhooks/acme", `{"verification":"invalid"}`) },
	)

	got := map[string]int{}
	for range 2 {
		got[<-reading]++
	}
	if got["203.0.113.10"] != 1 || got["203.0.113.9"] != 1 {
		t.Errorf("next were read: %v", got)
	}

	close(goOn)
	sent.Wait()
}

func TestAddressesWithSlashesAndBelowThePublicPath(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	accounts := coretest.NewAccounts(r.account, r.other)
	b := inbox.New(inbox.Options{
		Store:     r.store,
		Core:      r.core,
		Accounts:  accounts,
		Directory: accounts,
		PublicURL: "https://shop.example/pay/host/",
	})

	mux := http.NewServeMux()
	mux.Handle("/webhooks/", b.WebhookHandler())
	mux.Handle("/return/", b.ReturnHandler())
	all := b.AlsoBelowPublicURL(mux)
	p := r.pay(t, "k")
	signed := fmt.Sprintf(
		`{"reference":%q,"status":"processing","verification":"signature"}`,
		p.ID,
	)

	notify, comeBack := path(t, r.created.NotifyURL), path(t, r.created.ReturnURL)

	for _, c := range []struct {
		path string
		want int
	}{
		{"/webhooks/acme", 200}, {"/webhooks/acme/", 200}, {notify, 200}, {notify + "/", 200}, {notify + "//", 200},
		{"/pay/host/webhooks/acme", 200}, {"/pay/host/webhooks/acme/", 200}, {"/pay/host" + notify, 200},
		{comeBack, 303}, {comeBack + "/", 303}, {"/pay/host" + comeBack, 303}, {"/pay/host" + comeBack + "/", 303},
		{"/webhooks/", 404}, {"/webhooks//", 404}, {"/return/", 404}, {"/pay/webhooks/acme", 404}, {"/pay/host/other", 404},
		{"/webhooks/acme/x/y", 404}, {"/webhooks/nobody/", 404},
	} {
		for name, handler := range map[string]http.Handler{"all": all, "webhooks": b.WebhookHandler(), "returns": b.ReturnHandler()} {
			isReturn, cleaned := strings.Contains(
				c.path,
				"/return/",
			), strings.Contains(
				c.path,
				"//",
			)
			if (isReturn && (name == "webhooks")) || (!isReturn && (name == "returns")) ||
				(cleaned && (name == "all")) {
				continue // not its own, or cleaned by the mux before
			}

			req := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(signed))
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, req)
			if w.Code != c.want {
				t.Errorf("%s at %s: %d, want %d", c.path, name, w.Code, c.want)
			}

			// The request is counted by its route.
			if name == "all" && c.want != 404 && req.Pattern == "" {
				t.Errorf("%s: nobody is told the route", c.path)
			}
		}
	}
}

func TestTheMerchantsURLStaysAsItIs(t *testing.T) {
	r := newRig(t)
	for number, c := range []struct{ url, want string }{
		{"https://shop.example/ok", "https://shop.example/ok?HINT"},
		{"https://shop.example/ok?", "https://shop.example/ok?HINT"},
		{"https://shop.example/ok?a=1;b=2&q=100%&flag", "https://shop.example/ok?a=1;b=2&q=100%&flag&HINT"},
		{"https://shop.example/ok?z=1&a=2&z=3&", "https://shop.example/ok?z=1&a=2&z=3&HINT"},
		{"https://shop.example/ok?status=mine", "https://shop.example/ok?status=mine&HINT"},
		{"https://shop.example/a%2Fb?q=%7e+x%20y#part?2", "https://shop.example/a%2Fb?q=%7e+x%20y&HINT#part?2"},
	} {
		p, _, err := r.core.CreatePayment(t.Context(), payment.Request{
			Provider:   "acme",
			Amount:     sixty,
			Currency:   "USD",
			SuccessURL: c.url,
			CancelURL:  c.url,
		}, fmt.Sprintf("k%d", number))
		if err != nil {
			t.Fatalf("%s: %v", c.url, err)
		}

		w := httptest.NewRecorder()
		r.ReturnHandler().
			ServeHTTP(w, httptest.NewRequest(http.MethodGet, path(t, r.created.ReturnURL), nil))
		want := strings.Replace(
			c.want,
			"HINT",
			"payment_id="+p.ID+"&status=requires_action",
			1,
		)
		if got := w.Result().Header.Get("Location"); got != want {
			t.Errorf("sent to %s, want %s", got, want)
		}
	}
}

// The sender of too much waits for each refusal, and holds no place meanwhile;
// others are answered at once.
func TestWhoeverSendsTooMuchWaitsForTheRefusal(t *testing.T) {
	const pause = 300 * time.Millisecond
	r := newRig(t, sdk.TrustSignature)
	b := r.stopped()
	p := r.pay(t, "k")

	for range 70 {
		from(b, neighbour, "/webhooks/acme", `{"verification":"invalid"}`)
		back(b, neighbour, path(t, r.created.ReturnURL))
	}

	signed := func(status string) string {
		return fmt.Sprintf(
			`{"reference":%q,"status":%q,"verification":"signature"}`,
			p.ID,
			status,
		)
	}

	inbox.SetRefusalPause(t, pause)
	took := func(send func()) time.Duration {
		begun := time.Now()
		send()
		return time.Since(begun)
	}

	var refused sync.WaitGroup
	for range 140 { // more than one sender has places
		refused.Go(func() {
			waited := took(
				func() { from(b, neighbour, "/webhooks/acme", `{"verification":"invalid"}`) },
			)
			if waited < pause {
				t.Errorf("refused after %s", waited)
			}
		})
	}

	if waited := took(func() { back(b, neighbour, path(t, r.created.ReturnURL)) }); waited < pause {
		t.Errorf("one more return is sent on after %s", waited)
	}
	if got := from(b, neighbour, "/webhooks/acme", signed("succeeded")); got != http.StatusOK {
		t.Errorf("a genuine one of the same sender is answered %d", got)
	}

	refused.Wait()
	if got := r.status(t, p.ID); got != payment.Succeeded {
		t.Errorf("the payment is %s", got)
	}
}
