package e2e

import (
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
)

// metric returns the lines of /metrics that begin with a text.
func (w *world) metric(begin string) string {
	w.t.Helper()
	_, _, body := w.do(http.MethodGet, w.base+"/metrics", "", nil)
	var found []string
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, begin) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return strings.Join(found, "\n")
}

// quarantine kills the plugin of ptop until the host gives it up.
func (w *world) quarantine() {
	w.t.Helper()
	for last := 0; ; {
		found := w.provider("ptop")
		switch {
		case found.State == "quarantined":
			return
		case w.t.Context().Err() != nil:
			w.t.Fatalf("it is %+v", found)
		case found.PID != 0 && found.PID != last:
			last = found.PID
			process, err := os.FindProcess(last)
			if err == nil {
				err = process.Kill()
			}
			if err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// A plugin that crashes again and again is down in the metrics, and its operator
// is told what to do; once that is done nothing waits any more.
func TestAPluginInQuarantineWaitsForAPerson(t *testing.T) {
	w := newWorld(t)
	w.serve()
	w.pay("k1")
	if up := w.metric("payhost_provider_up"); up != `payhost_provider_up{provider="ptop"} 1` {
		t.Errorf("before: %s", up)
	}
	resident := w.metric(`payhost_plugin_resident_bytes{plugin="ptop"`)
	if resident == "" && runtime.GOOS == "linux" {
		t.Error("the plugin's memory is not shown")
	}

	w.quarantine()
	if up := w.metric("payhost_provider_up"); up != `payhost_provider_up{provider="ptop"} 0` {
		t.Errorf("in quarantine: %s", up)
	}
	restarts := w.metric("payhost_plugin_restarts_total")
	if restarts == `payhost_plugin_restarts_total{plugin="ptop"} 0` || restarts == "" {
		t.Errorf("in quarantine: %s", restarts)
	}

	code, out := w.command("attention")
	if code != 0 || !strings.Contains(out, "quarantined ptop, since ") ||
		!strings.Contains(out, "    payhost providers restart ptop\n") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, out := w.command("reload"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if code, out := w.command("attention"); code != 0 || !strings.Contains(out, "nothing waits for you") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// An operator decides, sees the mistake and corrects it; both decisions stay to
// be read.
func TestAnOperatorCorrectsADecision(t *testing.T) {
	w := newWorld(t)
	w.serve()
	id := w.pay("k1").ID
	code, out := w.command("payments", "resolve", id, "--status", "succeeded", "--reason", "line 12")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}

	code, out = w.command("payments", "resolve", id,
		"--status", "failed", "--reason", "line 12 is of another order")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	_, out = w.command("payments", "show", id)
	first := strings.Index(out, "succeeded   succeeded        line 12\n")
	second := strings.Index(out, "failed      failed           line 12 is of another order\n")
	if first < 0 || second < first {
		t.Errorf("%s", out)
	}
}

// A webhook that nobody could read is read again with all others like it, and
// named when that did not help.
func TestAllFailedWebhooksAreReadAgain(t *testing.T) {
	w := newWorld(t)
	w.serve()
	for range 3 {
		if status, _, _ := w.do(http.MethodPost, w.base+"/webhooks/ptop", "a=b", nil); status != 401 {
			t.Fatalf("answer %d", status)
		}
	}
	if failed := w.metric(`payhost_webhooks{provider="ptop",state="failed"}`); !strings.HasSuffix(failed, " 3") {
		t.Errorf("the metrics say %q", failed)
	}

	code, out := w.command("webhooks", "replay", "--state", "failed", "--provider", "ptop")
	if code != 1 || strings.Count(out, "does not verify") != 3 ||
		!strings.Contains(out, "replayed 0, 3 failed") {
		t.Errorf("exit %d\n%s", code, out)
	}
	code, out = w.command("webhooks", "replay", "--state", "unmatched", "--provider", "ptop")
	if code != 0 || !strings.Contains(out, "there is nothing to do") {
		t.Errorf("exit %d\n%s", code, out)
	}
}
