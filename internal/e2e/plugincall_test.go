package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// One call to a plugin's file, with the account's configuration and without a
// host: what a person types who looks into a fault, and how each way of failing
// reads.
func TestAPluginIsCalledWithoutAHost(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(w.dir, "plugins", "ptop")

	const payment = `{"amount":{"amount":"60.00","currency":"USD"},"return_url":"https://shop.example/ok","cancel_url":"https://shop.example/no"}`
	for _, c := range []struct {
		name string
		args []string
		exit int
		says []string
	}{
		{"what it is needs no account", []string{file, "get_info"}, 0, []string{`"name": "ptop"`}},
		{"a payment", []string{file, "create_payment", payment, "--idempotency-key", "try-1"}, 0,
			[]string{`"status": "PAYMENT_STATUS_REQUIRES_ACTION"`, `secret_key=[secret]`, `"order_id=call_`[1:]}},
		{"money without a key", []string{file, "create_payment", payment}, 2, []string{"--idempotency-key is required"}},
		{"what the plugin turns away", []string{file, "create_payment", `{"amount":{"amount":"0.50","currency":"USD"}}`, "--idempotency-key", "k"}, 1,
			[]string{"at least 1 USD", "limit", "not_sent"}},
		{"what the account cannot do", []string{file, "get_balances"}, 1, []string{"not_supported"}},
		{"no such verb", []string{file, "pay"}, 1, []string{`there is no verb "pay"`, "create_payment"}},
		{"a field that there is not", []string{file, "get_payment", `{"x":1}`}, 1, []string{"not a GetPaymentRequest", "x"}},
		{"no object", []string{file, "get_payment", "[]"}, 2, []string{"not a JSON object"}},
		{"no such account", []string{file, "get_payment", "{}", "--account", "zen"}, 2, []string{`no account "zen"`}},
		{"no such file", []string{file + "x", "get_info"}, 1, []string{"there is no file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			exit, out := w.command(append([]string{"plugin", "call"}, c.args...)...)
			if exit != c.exit {
				t.Errorf("exit %d, want %d\n%s", exit, c.exit, out)
			}

			for _, text := range c.says {
				if !strings.Contains(out, text) {
					t.Errorf("it does not say %q:\n%s", text, out)
				}
			}

			if strings.Contains(out, secretKey) || strings.Contains(out, theSignature) {
				t.Errorf("a secret is printed:\n%s", out)
			}
			if c.exit == 0 && !json.Valid([]byte(out)) {
				t.Errorf("it is not JSON:\n%s", out)
			}
		})
	}
}

// A program that payhost.lock does not allow gets no account's secrets, whoever
// calls it.
func TestAPluginThatIsNotLockedIsNotCalled(t *testing.T) {
	w := newWorld(t)
	if code, out := w.command("lock"); code != 0 {
		t.Fatalf("lock: %d\n%s", code, out)
	}
	file := filepath.Join(w.dir, "plugins", "ptop")
	if code, out := w.command("plugin", "call", file, "get_payment", `{"payment":{}}`); strings.Contains(
		out,
		"payhost.lock",
	) {
		t.Fatalf("the locked program: %d\n%s", code, out)
	}

	program, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := program.WriteString("another"); err != nil {
		t.Fatal(err)
	}

	if err := program.Close(); err != nil {
		t.Fatal(err)
	}
	code, out := w.command("plugin", "call", file, "get_payment", `{"payment":{}}`)
	if code != 1 || !strings.Contains(out, "payhost.lock allows only") {
		t.Errorf("another program: %d\n%s", code, out)
	}
}
