package node

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// The usual way, over the real sockets of go-plugin with mutual TLS: the
// customer is sent to the provider's page, pays there, and the provider's
// signed notice says so.
func TestPaymentSucceeds(t *testing.T) {
	s := newStage(t)
	p := s.pay("order-1")
	if p.Status != payment.RequiresAction || p.NextAction == nil ||
		p.NextAction.URL != s.provider.URL+"/pay/"+p.ID {
		t.Fatalf("the payment is %s: %+v, failure %+v", p.Status, p.NextAction, p.Failure)
	}

	s.sim.Settle(p.ID) // sends the notice
	p = s.becomes(p, payment.Succeeded)
	if p.ProviderReference != "ch-1" || p.ProviderStatus != "paid" {
		t.Errorf("got %q %q", p.ProviderReference, p.ProviderStatus)
	}

	if again := s.pay("order-1"); again.ID != p.ID || len(s.sim.Ledger().Entries()) != 1 {
		t.Errorf(
			"the same key made %s beside %s; the books have %d",
			again.ID,
			p.ID,
			len(s.sim.Ledger().Entries()),
		)
	}

	if logged := s.log.find("provider request"); len(logged) == 0 || logged[0].level != -4 ||
		logged[0].attrs["plugin"] != "acme" || logged[0].attrs["account"] != "acme" ||
		logged[0].attrs["status"] != "200" {
		t.Errorf("what the plugin logs is not the host's record of it: %+v", logged)
	}
}

// What the host does next hangs on the outcome, so each is tried.
func TestFailuresKeepTheirOutcome(t *testing.T) {
	no := fault.Fault{
		Kind:   fault.Error,
		Status: http.StatusUnprocessableEntity,
		Body:   `{"error":{"code":"declined","message":"no such luck"}}`,
	}
	for _, c := range []struct {
		name  string
		fault *fault.Fault // nil: nobody listens
		want  payment.Failure
	}{
		{"refused", &no, payment.Failure{Code: "declined", Outcome: "refused", ProviderCode: "declined", ProviderMessage: "no such luck"}},
		{"nobody listens", nil, payment.Failure{Code: "unavailable", Outcome: "not_sent"}},
		{"a lost answer", &fault.Fault{Kind: fault.LostResponse}, payment.Failure{Code: "unavailable", Outcome: "unknown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			if c.fault == nil {
				s.provider.Close()
			} else if err := s.sim.Faults().Add(*c.fault); err != nil {
				t.Fatal(err)
			}

			got := s.pay("order-1").Failure
			if got == nil {
				t.Fatal("there is no failure")
			}
			t.Log(got.Message)
			if got.Code != c.want.Code || got.Outcome != c.want.Outcome ||
				got.ProviderCode != c.want.ProviderCode || got.ProviderMessage != c.want.ProviderMessage || !got.NewAttemptSafe {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}
}

// The plugin dies after the provider has made the payment and before it could
// say so. Nothing is guessed, nothing made twice, and the next process finds
// out.
func TestPluginIsKilledDuringACall(t *testing.T) {
	s := newStage(t)
	made := make(chan struct{})
	hold := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.sim.ServeHTTP(httptest.NewRecorder(), r)
		close(made)
		<-r.Context().Done() // until the plugin is gone
	})

	s.instead.Store(&hold)
	before := s.acme().PID
	paid := make(chan *host.Payment, 1)
	go func() { paid <- s.pay("order-1") }()
	<-made
	s.instead.Store(nil)
	plugin, err := os.FindProcess(before)
	if err != nil {
		t.Fatal(err)
	}

	if err := plugin.Kill(); err != nil {
		t.Fatal(err)
	}
	p := <-paid
	if p.Failure != nil && p.Failure.Outcome != "unknown" {
		t.Errorf("got %+v", p.Failure)
	}

	s.becomes(p, payment.RequiresAction)
	if n := len(s.sim.Ledger().Entries()); n != 1 {
		t.Errorf("the books have %d", n)
	}
	if now := s.acme(); now.PID == before || now.Restarts != 1 {
		t.Errorf("process %d, restarts %d", now.PID, now.Restarts)
	}
}

// A notice that nobody signed changes nothing and is answered so that its
// sender knows.
func TestForgedNoticeIsTurnedAway(t *testing.T) {
	s := newStage(t)
	p := s.pay("order-1")
	genuine := s.sim.Webhooks(p.ID)[0]
	forged := bytes.Replace(genuine.Body, []byte(`"open"`), []byte(`"paid"`), 1)
	if status := s.send(genuine, forged); status != http.StatusUnauthorized {
		t.Errorf("a forged notice is answered %d", status)
	}

	if status := s.send(genuine, genuine.Body); status != http.StatusOK {
		t.Errorf("a genuine notice is answered %d", status)
	}
	if now, err := s.host.Payment(t.Context(), p.ID); err != nil ||
		now.Status != payment.RequiresAction {
		t.Errorf("the payment is %v, %v", now, err)
	}
}

// send posts a notice with another body to the address that trusts signatures
// alone.
func (s *stage) send(notice sdk.HTTPRequest, body []byte) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(
		s.t.Context(),
		notice.Method,
		s.address+"/webhooks/acme",
		bytes.NewReader(body),
	)
	if err != nil {
		s.t.Fatal(err)
	}

	req.Header = notice.Header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}

	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	return resp.StatusCode
}

// Whoever has made four mistakes must not need four reloads to hear of them.
func TestConfigurationErrorsComeAtOnce(t *testing.T) {
	own := `{"environment":"sandbox","merchant_id":47,"api_key":"secret-key-1234 ","webhook_key":["secret-key-5678"]}`
	cfg := settings(t, built(t), "http://127.0.0.1", own)
	var all []string
	for _, p := range host.Check(t.Context(), cfg)[0].Problems {
		all = append(all, p.String())
	}

	text := strings.Join(all, "\n")
	t.Log(text)

	for _, want := range []string{
		"config.merchant_id: must be text, not a number: put it in quotes",
		"config.api_key: starts or ends with white space",
		"config.webhook_keys: is missing",
		`config.webhook_key: is not a known key: did you mean "webhook_keys"?`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q", want)
		}
	}

	if len(all) != 4 || strings.Contains(text, "secret-key") {
		t.Errorf("%d problems, or a secret among them:\n%s", len(all), text)
	}
}
