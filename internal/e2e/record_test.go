package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk/conformance/golden"
)

// recordCall makes a call and reads what was kept of it.
func (w *world) recordCall(
	file string,
	wantExit int,
	args ...string,
) (*golden.Recording, string) {
	w.t.Helper()
	exit, out := w.command(append([]string{"plugin", "call", "--record", file}, args...)...)
	if exit != wantExit || !strings.Contains(out, file+" has ") {
		w.t.Fatalf("exit %d, want %d\n%s", exit, wantExit, out)
	}

	recording, err := golden.Read(file)
	if err != nil {
		w.t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		w.t.Errorf("%v, %v: others may read it", info, err)
	}

	return recording, out
}

// files returns the names in a folder.
func files(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

const recordedPayment = `{"amount":{"amount":"60.00","currency":"USD"},"return_url":"https://shop.example/ok","cancel_url":"https://shop.example/no"}`

// The circle that an author goes: a call against the provider is recorded, then
// the provider's part is played from the file, and the program says the same
// again; what it says otherwise is noticed.
func TestACallIsRecordedAndReplayed(t *testing.T) {
	w := newWorld(t)
	program := filepath.Join(w.dir, "plugins", "ptop")
	folder := t.TempDir()
	file := filepath.Join(folder, "create_payment.json")
	create := func(body string) []string {
		return []string{program, "create_payment", body, "--idempotency-key", "try-1"}
	}

	first, _ := w.recordCall(file, 0, create(recordedPayment)...)
	if first.Verb != "create_payment" || len(first.Exchanges) != 1 ||
		first.Base != w.sandbox ||
		first.Error != nil {
		t.Errorf("the file has %+v", first)
	}

	if e := first.Exchanges[0]; e.Status != 200 || !e.Sent ||
		!strings.HasPrefix(e.URL, "/") ||
		!strings.Contains(e.URL, "secret_key=[secret]") {
		t.Errorf("the exchange is %+v", e)
	}

	replay := func(body, into string) (*golden.Recording, []string) {
		t.Helper()
		player, err := first.Player("")
		if err != nil {
			t.Fatal(err)
		}

		provider := httptest.NewServer(player)
		defer provider.Close()
		w.write(strings.Replace(w.standard(), w.sandbox, provider.URL, 1))
		again, _ := w.recordCall(filepath.Join(folder, into), 0, create(body)...)

		return again, player.Done()
	}

	again, wrong := replay(recordedPayment, "again.json")
	if len(wrong) != 0 {
		t.Errorf("the same call says %q", wrong)
	}
	again.Base = first.Base
	want, _ := first.Encode()
	if got, _ := again.Encode(); !bytes.Equal(got, want) {
		t.Errorf("the replayed call is\n%s\nand not\n%s", got, want)
	}

	_, wrong = replay(strings.Replace(recordedPayment, "60.00", "61.00", 1), "other.json")
	if len(wrong) != 1 ||
		!strings.Contains(
			wrong[0],
			`query.amount: is not the same: recorded "60.00", now "61.00"`,
		) {
		t.Errorf("another amount says %q", wrong)
	}

	if names := files(t, folder); len(names) != 3 {
		t.Errorf("there are %v", names)
	}
}

// A file is never replaced by mistake, and nothing moves whose record cannot be
// kept.
func TestARecordIsNotReplacedByMistake(t *testing.T) {
	w := newWorld(t)
	program := filepath.Join(w.dir, "plugins", "ptop")
	folder := t.TempDir()
	file := filepath.Join(folder, "a.json")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}

	call := []string{
		"plugin",
		"call",
		program,
		"create_payment",
		recordedPayment,
		"--idempotency-key",
		"try-1",
		"--record",
	}

	for path, says := range map[string]string{
		file:                                  "exists, and nothing was called",
		filepath.Join(folder, "no", "a.json"): "cannot be written",
	} {
		if exit, out := w.command(append(call, path)...); exit != 1 ||
			!strings.Contains(out, says) {
			t.Errorf("exit %d\n%s", exit, out)
		}
	}

	if books := w.control(http.MethodGet, "books", ""); bytes.Contains(
		books,
		[]byte("order_id"),
	) {
		t.Errorf("it was called: %s", books)
	}

	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("it is %s, %v", text, err)
	}
	w.recordCall(
		file,
		0,
		program,
		"create_payment",
		recordedPayment,
		"--idempotency-key",
		"try-1",
		"--overwrite",
	)
}

// What failed is worth more than what went well; what was never said to the
// provider is no exchange.
func TestAFailedCallIsRecorded(t *testing.T) {
	w := newWorld(t)
	program := filepath.Join(w.dir, "plugins", "ptop")
	folder := t.TempDir()
	w.control(http.MethodPost, "faults", `{"kind":"lost_response","times":1}`)
	lost, out := w.recordCall(
		filepath.Join(folder, "lost.json"),
		1,
		program,
		"create_payment",
		recordedPayment,
		"--idempotency-key",
		"try-1",
	)
	if lost.Answer != nil || lost.Error == nil || lost.Error.Outcome != "unknown" ||
		!strings.Contains(lost.Error.Message, "{host}") {
		t.Errorf("the failure is %+v", lost.Error)
	}

	if e := lost.Exchanges[0]; len(lost.Exchanges) != 1 || e.Status != 0 || e.Error == "" ||
		!e.Sent {
		t.Errorf("the exchanges are %+v", lost.Exchanges)
	}

	if !strings.Contains(out, "may have moved") {
		t.Errorf("the failure is not told:\n%s", out)
	}
	exit, out := w.command(
		"plugin",
		"call",
		program,
		"create_payment",
		`{"amount":{"amount":"0.50","currency":"USD"}}`,
		"--idempotency-key",
		"try-2",
		"--record",
		filepath.Join(folder, "refused.json"),
	)
	if exit != 1 ||
		!strings.Contains(out, "was not written: nothing was sent to the provider") {
		t.Errorf("exit %d\n%s", exit, out)
	}

	w.control(http.MethodPost, "faults", `{"kind":"html","times":1}`)
	w.recordCall(
		filepath.Join(folder, "html.json"),
		1,
		program,
		"get_payment",
		`{"payment":{"provider_reference":"x"}}`,
	)

	w.control(
		http.MethodPost,
		"faults",
		`{"kind":"error","body":"{\"error\":\"`+strings.Repeat(
			"long ",
			2000,
		)+`\"}","times":1}`,
	)

	if _, out := w.recordCall(filepath.Join(folder, "long.json"), 1, program, "get_payment", `{"payment":{"provider_reference":"x"}}`); !strings.Contains(
		out,
		"too long",
	) {
		t.Errorf("nothing says that it cannot be played:\n%s", out)
	}

	if names := fmt.Sprint(files(t, folder)); names != "[html.json long.json lost.json]" {
		t.Errorf("there are %v", names)
	}
}

// Secrets planted wherever they can be never reach the file, whatever the
// plugin does to keep them: this one keeps none.
func TestNoSecretIsRecorded(t *testing.T) {
	w := newWorld(t)
	const key, token = "canary-key-7a31", `canary/"<&>+é token`
	provider := httptest.NewServer(
		http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if !strings.Contains(r.URL.Path, token) || r.URL.Query().Get("token") != token {
				t.Errorf("the plugin keeps it to itself: %s", r.URL)
			}
			_, _ = fmt.Fprintf(
				rw,
				"%s %s %s %s",
				body,
				r.URL.Path,
				r.URL.RawQuery,
				`{"escaped":"canary\/\"<&>+é token"}`,
			)
		}),
	)
	defer provider.Close()

	w.env = append(w.env, "E2E_CARELESS_KEY="+key, "E2E_CARELESS_TOKEN="+token)
	w.write(w.standard() + fmt.Sprintf(`
[providers.careless]
plugin = "careless"
[providers.careless.config]
environment = "sandbox"
base_url = %q
key = "env:E2E_CARELESS_KEY"
token = "env:E2E_CARELESS_TOKEN"
`, provider.URL))

	file := filepath.Join(t.TempDir(), "a.json")
	request := `{"amount":{"amount":"60.00","currency":"USD"},"description":"` + key + `","return_url":"https://shop.example/?` + key + `"}`
	recording, out := w.recordCall(
		file,
		0,
		filepath.Join(w.dir, "plugins", "careless"),
		"create_payment",
		request,
		"--idempotency-key",
		"try-1",
	)

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), "[secret]") < 8 || len(recording.Exchanges) != 1 {
		t.Errorf("the plugin was not careless enough to prove anything:\n%s", text)
	}

	for name, shown := range map[string]string{"the file": string(text), "the output": out} {
		if strings.Contains(shown, "canary") || strings.Contains(shown, key) {
			t.Errorf("a secret is in %s:\n%s", name, shown)
		}
	}
}
