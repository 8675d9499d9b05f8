package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// deaf is a provider that carries out creates and answers them only after the
// test has ended: the caller never hears what became of them.
type deaf struct {
	*httptest.Server
	path string // of the creates

	mu     sync.Mutex
	asked  chan struct{} // is told of every create
	done   chan struct{} // ends the waiting
	counts map[string]int
}

func newDeaf(t *testing.T, provider http.Handler, path string) *deaf {
	t.Helper()
	d := &deaf{
		path:   path,
		asked:  make(chan struct{}, 100),
		done:   make(chan struct{}),
		counts: map[string]int{},
	}
	d.Server = httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.URL.Path != path {
				provider.ServeHTTP(w, r)
				return
			}

			provider.ServeHTTP(httptest.NewRecorder(), r)
			d.mu.Lock()
			d.counts[path]++
			d.mu.Unlock()
			d.asked <- struct{}{}
			<-d.done
		}),
	)

	t.Cleanup(func() {
		close(d.done)
		d.Close()
	})

	return d
}

func (d *deaf) creates() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts[d.path]
}

// referenceTable is an account of the reference provider at an address.
func referenceTable(address string) string {
	return fmt.Sprintf(`
[providers.reference]
plugin = "reference"
timeout = "30s"
[providers.reference.config]
environment = "sandbox"
base_url = %q
merchant_id = "M-0047"
api_key = "ak/+ref&7Yp2=Qm\"9Xw"
signing_key = "sk<ref>%%8Rt4?Zn6 Lc3"
webhook_keys = ["wk:ref;5Hd1'Vb8\\Tg0"]
`, address)
}

// A host is killed while a call is under way, and started again: a provider
// that can be asked is asked at once, and the payment is settled; where nothing
// can be asked the payout is in doubt at once, and says so. Neither is sent
// again before the killed host's call is over for certain.
func TestWhatAKilledHostWasDoingIsKnownSoonAfterTheNextStart(t *testing.T) {
	for _, c := range []struct {
		provider, path, call, body string
		settled                    []string
	}{
		{"reference", "/v1/payments", "/v1/payments", `{"provider":"reference","amount":"60.00","currency":"EUR",
			"success_url":"https://shop.example/ok","cancel_url":"https://shop.example/no"}`, []string{"requires_action"}},
		{"ptop", "/api/api-payout", "/v1/payouts", `{"provider":"ptop","amount":"12.50","currency":"USD",
			"recipient":{"email":"client@example.com"}}`, []string{"unknown"}},
	} {
		t.Run(c.provider, func(t *testing.T) {
			w := newWorld(t)
			var provider *deaf
			if c.provider == "ptop" {
				provider = newDeaf(t, proxyTo(t, w.sandbox), c.path)
				w.sandbox = provider.URL
				w.write(w.standard())
			} else {
				provider = newDeaf(t, proxyTo(t, w.other), c.path)
				w.write(w.standard() + referenceTable(provider.URL))
			}

			host := w.serve()
			go func() { // nobody answers: the host is killed
				req, err := http.NewRequest(
					http.MethodPost,
					w.base+c.call,
					strings.NewReader(c.body),
				)
				if err != nil {
					return
				}

				req.Header = http.Header{
					"Authorization":   {"Bearer " + apiToken},
					"Content-Type":    {"application/json"},
					"Idempotency-Key": {"k"},
				}
				if resp, err := client.Do(req); err == nil {
					_ = resp.Body.Close()
				}
			}()

			<-provider.asked
			if err := host.cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			<-host.done

			begun := time.Now()
			w.serve()
			var list struct{ Data []record }
			for len(list.Data) == 0 || !slices.Contains(c.settled, list.Data[0].Status) {
				w.api(http.MethodGet, c.call, "", "", &list)
			}

			t.Logf(
				"%s after the next start of the host it is %s",
				time.Since(begun).Round(time.Millisecond),
				list.Data[0].Status,
			)
			if n := provider.creates(); n != 1 {
				t.Errorf("the provider got it %d times", n)
			}

			if c.provider == "ptop" {
				exit, out := w.command("payouts", "refresh", list.Data[0].ID)
				if exit == 0 || !strings.Contains(out, "cannot be asked") {
					t.Errorf("refresh says %q, exit %d", out, exit)
				}
			}
		})
	}
}

// proxyTo hands requests on to a server.
func proxyTo(t *testing.T, address string) http.Handler {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return httputil.NewSingleHostReverseProxy(target)
}
