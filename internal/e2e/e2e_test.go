package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestAPaymentFromItsCreationToTheReturn(t *testing.T) {
	w := newWorld(t)
	w.serve()
	p := w.pay("k1")
	if p.Status != "requires_action" || p.NextAction == nil ||
		p.NextAction.Type != "redirect" {
		t.Fatalf("created as %+v", p)
	}

	if status, _, page := w.do(http.MethodGet, p.NextAction.URL, "", nil); status != 200 ||
		!bytes.Contains(page, []byte("60.00")) {
		t.Fatalf("the pay page: %d %s", status, page)
	}

	formType := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	status, header, _ := w.do(
		http.MethodPost,
		p.NextAction.URL,
		form("result", "pay"),
		formType,
	)
	back := header.Get("Location")
	if status != 303 || !strings.HasPrefix(back, w.base+"/return/") {
		t.Fatalf("after paying: %d to %q", status, back)
	}

	status, header, _ = w.do(http.MethodGet, back, "", nil)
	if want := "https://shop.example/ok?payment_id=" + p.ID + "&status=succeeded"; status != 303 ||
		header.Get("Location") != want {
		t.Fatalf("coming back: %d to %q, want %q", status, header.Get("Location"), want)
	}

	code, out := w.command("payments", "show", p.ID)
	if code != 0 {
		t.Fatalf("payments show: exit %d\n%s", code, out)
	}
	rest := out

	for _, word := range []string{"created", "called", "redirected", "succeeded"} {
		at := strings.Index(rest[strings.Index(strings.ToLower(rest), "history")+1:], word)
		if at < 0 {
			t.Fatalf("the history does not say %q:\n%s", word, out)
		}
	}
}

func TestAPayoutWhoseAnswerIsLostIsNeverSentTwice(t *testing.T) {
	w := newWorld(t)
	w.serve()
	w.control(
		http.MethodPost,
		"faults",
		`{"kind":"lost_response","path":"/api/api-payout","times":1}`,
	)
	var p record

	body := `{"provider":"ptop","amount":"12.50","currency":"USD","recipient":{"email":"client@example.com"}}`
	w.api(http.MethodPost, "/v1/payouts", "k", body, &p)
	if p.Status != "unknown" || p.Failure == nil || p.Failure.Outcome != "unknown" {
		t.Fatalf("got %+v", p)
	}

	// Settled as the provider's documents say: repeated with the same key, and
	// its "duplicate" puts it under review.
	w.api(http.MethodGet, "/v1/payouts/"+p.ID+"?refresh=true", "", "", nil)
	w.api(http.MethodGet, "/v1/payouts/"+p.ID, "", "", &p)
	if p.Status != "under_review" || len(p.Attempts) != 2 {
		t.Fatalf("got %+v", p)
	}

	if n := bytes.Count(w.control(http.MethodGet, "books", ""), []byte(`"kind":"payout"`)); n != 1 {
		t.Fatalf("the provider's books hold %d payouts", n)
	}
}

func TestAKilledPluginLeavesADoubtAndComesBack(t *testing.T) {
	w := newWorld(t)
	w.serve()
	w.control(http.MethodPost, "faults", `{"kind":"delay","delay":"30s","times":1}`)
	answer := make(chan record, 1)
	go func() { answer <- w.pay("doubtful") }()
	for bytes.Contains(w.control(http.MethodGet, "faults", ""), []byte("delay")) {
		runtime.Gosched() // until the provider has the request
	}

	before := w.provider("ptop")
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if p := <-answer; p.Status != "unknown" || p.Failure.Outcome != "unknown" {
		t.Fatalf("the call in flight became %+v", p)
	}

	if p := w.pay("next"); p.Status != "requires_action" {
		t.Fatalf("the next call: %+v", p)
	}
	if after := w.provider("ptop"); after.PID == before.PID || after.State != "ready" {
		t.Errorf("the plugin is %+v", after)
	}
}

func TestCheckNamesEveryProblemAndChangesNothing(t *testing.T) {
	w := newWorld(t)
	bad := w.standard() + `

[providers.second]
plugin = "ptop"
sha256 = "` + strings.Repeat("00", 32) + `"
[providers.second.config]
environment = "sandbox"
website_id = "w"
secret_key = "x"
website_url = "https://shop.example"

[providers.third]
plugin = "ptop"
[providers.third.config]
environment = 7
websit_id = "w"
secret_key = "x"
website_url = "https://shop.example"
`

	w.write(bad)
	code, out := w.command("check")

	for _, want := range []string{"sha256", "third.config.environment", "third.config.websit_id", "third.config.website_id", "config.toml:"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing is said of %q", want)
		}
	}

	if code != 1 {
		t.Errorf("exit %d", code)
	}
	w.write(
		bad + "\n[host.nonsense]\nx = 1\n[providers.fourth]\nplugin = \"ptop\"\ntimeout = \"soon\"\n[providers.fourth.config]\nsecret_key = \"env:E2E_UNSET\"\n",
	)
	code, loaded := w.command("check")

	for _, want := range []string{"nonsense", "providers.fourth.timeout", "E2E_UNSET"} {
		if !strings.Contains(loaded, want) {
			t.Errorf("nothing is said of %q", want)
		}
	}

	if code != 1 {
		t.Errorf("exit %d", code)
	}
	if t.Failed() {
		t.Logf("check said:\n%s\nand\n%s", out, loaded)
	}

	if _, err := os.Stat(filepath.Join(w.dir, "data")); !os.IsNotExist(err) {
		t.Errorf("check left a data folder behind: %v", err)
	}
}

func TestAReloadThatIsWrongChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.serve()
	before := w.provider("ptop")
	w.write(w.standard() + "\n[providers.other]\nplugin = \"nowhere\"\nnonsense = true\n")
	if code, out := w.command("reload"); code != 1 || !strings.Contains(out, "nonsense") {
		t.Errorf("exit %d\n%s", code, out)
	}

	if after := w.provider("ptop"); after != before {
		t.Errorf("was %+v, is %+v", before, after)
	}
}

func TestAKilledHostLeavesNoPluginAndLosesNothing(t *testing.T) {
	w := newWorld(t)
	host := w.serve()
	p := w.pay("k1")
	pid := w.provider("ptop").PID
	if err := host.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}

	<-host.done
	if runtime.GOOS == "linux" {
		waitGone(t, pid)
	}
	w.serve()
	var again record
	if status := w.api(http.MethodPost, "/v1/payments", "k1", paymentBody, &again); status != 201 ||
		again.ID != p.ID {
		t.Fatalf("the key's repeat after the crash: %d %+v", status, again)
	}

	if n := bytes.Count(w.control(http.MethodGet, "books", ""), []byte(`"kind":"payment"`)); n != 1 {
		t.Fatalf("the provider's books hold %d payments", n)
	}
}

// waitGone returns when a process has ended; the test's own time limit bounds
// it.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	for {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || bytes.Contains(data, []byte(") Z ")) {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("the plugin outlives its host")
		}

		runtime.Gosched()
	}
}

func TestSecretsAreNowhere(t *testing.T) {
	w := newWorld(t)
	host := w.serve()
	w.pay("k1")
	w.control(http.MethodPost, "faults", `{"kind":"html","times":1}`)
	w.pay("k2")
	w.control(
		http.MethodPost,
		"faults",
		`{"kind":"error","body":"{\"error\":\"no `+secretKey+`\"}","times":1}`,
	)

	failed := w.pay("k3")
	var seen bytes.Buffer

	for _, path := range []string{"/v1/payments/" + failed.ID, "/v1/payments", "/v1/events", "/v1/webhooks", "/v1/providers/ptop", "/metrics", "/readyz"} {
		_, _, body := w.do(
			http.MethodGet,
			w.base+path,
			"",
			http.Header{"Authorization": {"Bearer " + apiToken}},
		)
		seen.Write(body)
	}

	_, out := w.command("payments", "show", failed.ID)
	seen.WriteString(out)
	if pid := w.provider("ptop").PID; runtime.GOOS == "linux" {
		for _, what := range []string{"cmdline", "environ"} {
			data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, what))
			if err != nil {
				t.Fatal(err)
			}
			seen.Write(data)
		}
	}

	seen.WriteString(host.text())
	err := filepath.WalkDir(
		filepath.Join(w.dir, "data"),
		func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil //nolint:nilerr // a socket or a file that has just gone
			}
			data, err := os.ReadFile(path)
			seen.Write(data)
			return err
		},
	)
	if err != nil {
		t.Fatal(err)
	}

	for _, canary := range []string{apiToken, secretKey, theSignature} {
		if at := bytes.Index(seen.Bytes(), []byte(canary)); at >= 0 {
			t.Errorf(
				"%s leaked: …%q…",
				canary,
				seen.Bytes()[max(0, at-200):min(seen.Len(), at+60)],
			)
		}
	}
}
