package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/sdk/ordered"
)

// rehearsed is what the tests look at of a report.
type rehearsed struct {
	Rehearsed struct{ Attempts, Webhooks, Forged int }
	LeftOut   []struct {
		Reason string
		Count  int
	} `json:"left_out"`
	Differences []struct {
		Class   string
		Allowed bool
		Verb    string
		Place   string
		Count   int
		IDs     []string
		Example struct{ Call, Serving, Candidate string }
	}
	Differs bool
}

// rehearse tries a program with what has happened, and reads the report.
func (w *world) rehearse(file string, args ...string) (exit int, report rehearsed, said string) {
	w.t.Helper()
	args = append([]string{"plugin", "rehearse", file, "--config", w.config, "--json"}, args...)
	command := exec.Command(filepath.Join(bin, "payhost"), args...)
	command.Env = w.env
	var complaint strings.Builder
	command.Stderr = &complaint

	out, err := command.Output()
	if err != nil && command.ProcessState == nil {
		w.t.Fatal(err)
	}
	if len(out) > 0 {
		if err := json.Unmarshal(out, &report); err != nil {
			w.t.Fatalf("%v\n%s", err, out)
		}
	}

	return command.ProcessState.ExitCode(), report, string(out) + complaint.String()
}

// has reports whether a report has a difference of a class.
func (r rehearsed) has(class string) bool {
	for _, difference := range r.Differences {
		if difference.Class == class {
			return true
		}
	}
	return false
}

// The program that serves is its own best successor: whatever its provider's
// protocol has of times, nonces and signatures, nothing differs.
func TestEveryPluginRehearsesAlikeWithItself(t *testing.T) {
	for _, s := range senders() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w, h, made := openWorldFor(t, s)
			for i := range 3 {
				paid(t, h, s, made, fmt.Sprint("rehearsed-", i))
			}

			exit, report, said := w.rehearse(filepath.Join(bin, "plugins", s.name))
			if (exit != 0) || report.Differs || (len(report.Differences) > 0) {
				t.Errorf("exit %d\n%s", exit, said)
			}
			webhooks := 3
			if s.name == "ptop" { // it asks its provider about each
				webhooks = 0
			}
			if (report.Rehearsed.Attempts != 3) || (report.Rehearsed.Webhooks != webhooks) {
				t.Errorf("not all was rehearsed:\n%s", said)
			}
		})
	}
}

// paid makes a payment and has the provider tell of its success.
func paid(
	t *testing.T,
	h *host.Host,
	s sender,
	made func(string) order,
	key string,
) {
	t.Helper()
	created, err := h.CreatePayment(t.Context(), s.payment(), host.IdempotencyKey(key))
	if (err != nil) || (created.Failure != nil) {
		t.Fatalf("no payment could be made: %+v, %v", created, err)
	}

	about := made(created.ID)
	path, header, body, _ := s.write(about, ordered.Object(s.fields(about)...))
	if code := post(h, path, spoiled{header: header, body: string(body)}); code != http.StatusOK {
		t.Fatalf("the webhook was answered %d", code)
	}
}

// secretsOfReference are in the environment, and must be in no report.
var secretsOfReference = map[string]string{
	"E2E_API_KEY":     `ak/+ref&7Yp2=Qm"9Xw`,
	"E2E_SIGNING_KEY": `sk<ref>%8Rt4?Zn6 Lc3`,
	"E2E_WEBHOOK_KEY": `wk:ref;5Hd1'Vb8\Tg0`,
}

// busy returns a world in which the reference provider had payments of each
// kind, payouts, a refund, and webhooks about them. Its host still runs.
func busy(t *testing.T) *world {
	t.Helper()
	return busyWith(t, func(*world) string { return "" })
}

// busyWith is busy with more in the configuration.
func busyWith(t *testing.T, more func(*world) string) *world {
	t.Helper()
	w := newWorld(t)
	for name, value := range secretsOfReference {
		w.env = append(w.env, name+"="+value)
	}

	w.write(w.standard() + fmt.Sprintf(`
[providers.reference]
plugin = "reference"
[providers.reference.config]
environment = "sandbox"
base_url = %q
merchant_id = "M-0047"
api_key = "env:E2E_API_KEY"
signing_key = "env:E2E_SIGNING_KEY"
webhook_keys = ["env:E2E_WEBHOOK_KEY"]
`, w.other) + more(w))
	w.serve()

	var ids []string
	create := func(path, more string) string {
		var made record
		body := `{"provider":"reference","amount":"60.00","currency":"EUR",` + more + `}`
		w.api(http.MethodPost, path, fmt.Sprint("busy-", len(ids)), body, &made)
		if made.ID == "" {
			t.Fatalf("%s %s: %+v", path, body, made)
		}
		ids = append(ids, made.ID)
		return made.ID
	}

	const back = `"success_url":"https://shop.example/ok","cancel_url":"https://shop.example/no",`
	const to = `"recipient":{"name":"Ada","iban":"DE02120300000000202051"}`
	card := create("/v1/payments", back+`"method":"card","description":"Sample"`)
	create("/v1/payments", back+`"method":"transfer"`)
	held := create("/v1/payments", back+`"method":"card","provider_options":{"capture":"manual"}`)
	gone := create("/v1/payments", back+`"method":"card"`)
	create("/v1/payouts", to)

	// A method that the provider does not have.
	var refused record
	w.api(http.MethodPost, "/v1/payments", "busy-cash",
		`{"provider":"reference","amount":"60.00","currency":"EUR",`+back+`"method":"cash"}`, &refused)
	if (refused.Failure == nil) || (refused.Failure.Outcome != "refused") {
		t.Fatalf("the payment was not refused: %+v", refused)
	}

	for _, id := range []string{card, held} {
		w.tell(id)
	}
	w.act("/v1/payments/"+held+"/capture", `{"amount":"20.00"}`)
	w.act("/v1/payments/"+gone+"/cancel", `{}`)
	w.act("/v1/payments/"+card+"/refunds", `{"amount":"10.00","reason":"Sample"}`)

	return w
}

// tell has the customer pay, and the provider say so.
func (w *world) tell(id string) {
	w.t.Helper()
	control := w.other + "/_simulator/"
	status, _, answer := w.do(http.MethodPost, control+"settle", `{"reference":"`+id+`"}`, nil)
	if status >= 300 {
		w.t.Fatalf("settle: %d %s", status, answer)
	}

	var sent struct {
		Requests []struct {
			Header http.Header
			Body   []byte
		}
	}
	_, _, answer = w.do(http.MethodGet, control+"webhooks?reference="+id, "", nil)
	if err := json.Unmarshal(answer, &sent); (err != nil) || (len(sent.Requests) == 0) {
		w.t.Fatalf("%v: %s", err, answer)
	}

	first := sent.Requests[0]
	status, _, answer = w.do(http.MethodPost, w.base+"/webhooks/reference",
		string(first.Body), first.Header)
	if status != http.StatusOK {
		w.t.Fatalf("the webhook was answered %d %s", status, answer)
	}
}

func (w *world) act(path, body string) {
	w.t.Helper()
	var done map[string]any
	if status := w.api(http.MethodPost, path, path, body, &done); status >= 300 {
		w.t.Fatalf("%s: %d %v", path, status, done)
	}
}

// mistake is one wrong version of the reference plugin.
type mistake struct {
	name string
	// file and right are the code, and wrong what it is by mistake.
	file, right, wrong string
	// class is that of the difference by which a rehearsal finds it.
	class string
	// shadow is the class by which a shadow does; "" for what it cannot see, since
	// it is asked to make nothing.
	shadow string
}

var mistakes = []mistake{
	{
		"another order of JSON", "provider.go",
		"\"reference\", req.Reference,\n\t\t\"amount\", req.Amount.Amount.String(),\n\t\t\"currency\", req.Amount.Currency,\n\t\t\"method\"",
		"when(MISTAKE, \"amount\", \"reference\"), when(MISTAKE, req.Amount.Amount.String(), req.Reference),\n" +
			"when(MISTAKE, \"reference\", \"amount\"), when(MISTAKE, req.Reference, req.Amount.Amount.String()),\n" +
			"\"currency\", req.Amount.Currency,\n\"method\"",
		"request.body.order", "",
	},
	{
		"a dropped field", "provider.go", `"method", req.Method,`,
		`"method", when(MISTAKE, "", req.Method),`, "request.body.gone", "",
	},
	{
		"a changed status table", "types.go", `"paid":       sdk.PaymentSucceeded,`,
		`"paid": when(MISTAKE, sdk.PaymentProcessing, sdk.PaymentSucceeded),`, "event.status", "event.status",
	},
	{
		"an amount in cents", "provider.go", `amount = req.Amount.Amount.String()`,
		`amount = when(MISTAKE, req.Amount.Amount.Shift(2), req.Amount.Amount).String()`,
		"request.body.changed", "",
	},
	{
		"another idempotency key", "provider.go",
		`p.post(ctx, "/v1/payments", req.IdempotencyKey, body)`,
		`p.post(ctx, "/v1/payments", req.IdempotencyKey+when(MISTAKE, "-2", ""), body)`,
		"request.header.changed", "",
	},
	{
		"a verification left out", "webhook.go", `if !verify(`,
		`if !when(MISTAKE, true, false) && !verify(`, "event.verification", "event.verification",
	},
	{
		"a swallowed error", "provider.go",
		"func payment(got *resource, err error) (*sdk.Payment, error) {",
		"func payment(got *resource, err error) (*sdk.Payment, error) {\n" +
			"if when(MISTAKE, err != nil, false) {\n" +
			"return &sdk.Payment{Status: sdk.PaymentProcessing, ProviderReference: \"none\"}, nil\n}",
		"answer.error", "answer.error",
	},
	{
		"a new word", "types.go", `"pending":    sdk.PaymentRequiresAction,`,
		`when(MISTAKE, "waiting", "pending"): sdk.PaymentRequiresAction,`, "answer.status", "answer.status",
	},
	{
		"a slower answer", "provider.go", `	var opts paymentOptions`,
		"\ttime.Sleep(when(MISTAKE, time.Second, 0))\n\tvar opts paymentOptions", "time", "",
	},
	{
		"one that lies about its version", "provider.go", `Version:     version,`,
		`Version: when(MISTAKE, "dev", version),`, "version", "failed",
	},
}

// mistaken is put into the wrong program: which mistake it makes stands behind
// its own end, so that one build serves for all.
const mistaken = `package main

import (
	"os"
	"strings"
)

var mistake = func() string {
	path, _ := os.Executable()
	text, _ := os.ReadFile(path)
	return string(text[strings.LastIndex(string(text), "\n")+1:])
}()

func when[T any](name string, wrong, right T) T {
	if name == mistake {
		return wrong
	}
	return right
}
`

// buildMistaken builds the reference plugin with all mistakes in it, and returns
// the program.
func buildMistaken(t *testing.T) []byte {
	t.Helper()
	folder := t.TempDir()
	source, err := filepath.Abs(filepath.Join("..", "..", "plugins", "reference"))
	if err != nil {
		t.Fatal(err)
	}

	texts := map[string]string{"mistake.go": mistaken}
	for _, wrong := range mistakes {
		if texts[wrong.file] == "" {
			text, err := os.ReadFile(filepath.Join(source, wrong.file))
			if err != nil {
				t.Fatal(err)
			}
			texts[wrong.file] = string(text)
		}
		if strings.Count(texts[wrong.file], wrong.right) != 1 {
			t.Fatalf("%s: the plugin does not have this once: %s", wrong.name, wrong.right)
		}
		made := strings.ReplaceAll(wrong.wrong, "MISTAKE", fmt.Sprintf("%q", wrong.name))
		texts[wrong.file] = strings.Replace(texts[wrong.file], wrong.right, made, 1)
	}

	replaced := map[string]string{}
	for name, text := range texts {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replaced[filepath.Join(source, name)] = path
	}
	overlay := filepath.Join(folder, "overlay.json")
	text, _ := json.Marshal(map[string]any{"Replace": replaced}) // texts always marshal
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		t.Fatal(err)
	}

	program := filepath.Join(folder, "program")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-overlay", overlay,
		"-ldflags", "-s -w -X main.version=2.0.0", "-o", program, "./plugins/reference")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}

	built, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// install writes a program that makes a mistake; "" is none.
func install(t *testing.T, program []byte, name, mistake string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	made := append(slices.Clone(program), "\n"+mistake...)
	if err := os.WriteFile(file, made, 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// Each wrong version is found with what has happened to the host, while it runs,
// and a right one is let pass. No report has a secret.
func TestAWrongVersionIsFoundByRehearsal(t *testing.T) {
	w, program := busy(t), buildMistaken(t)
	secret := func(said string) {
		t.Helper()
		for _, value := range secretsOfReference {
			if strings.Contains(said, value) {
				t.Errorf("a secret is printed:\n%s", said)
			}
		}
	}

	exit, report, said := w.rehearse(install(t, program, "reference@2.0.0", ""))
	if (exit != 0) || report.Differs {
		t.Errorf("the right one: exit %d\n%s", exit, said)
	}
	// The simulator sends some webhooks by itself.
	came := report.Rehearsed.Webhooks
	if (report.Rehearsed.Attempts != 9) || (came < 2) || (report.Rehearsed.Forged != 3*came) ||
		(len(report.LeftOut) > 0) {
		t.Errorf("not all was rehearsed:\n%s", said)
	}
	secret(said)

	for _, wrong := range mistakes {
		t.Run(wrong.name, func(t *testing.T) {
			name := "reference@2.0.0"
			if wrong.class == "version" {
				name = "reference"
			}
			file := install(t, program, name, wrong.name)

			exit, report, said := w.rehearse(file)
			if (exit != 1) || !report.has(wrong.class) {
				t.Errorf("exit %d, want 1 and %s\n%s", exit, wrong.class, said)
			}
			for _, difference := range report.Differences {
				if difference.Class != wrong.class {
					t.Logf("besides: %s %s %s", difference.Class, difference.Verb, difference.Place)
				}
			}
			secret(said)
		})
	}
}

// What is meant is allowed by its class, and what cannot be tried is no success.
func TestARehearsalSaysWhatItCouldNotDo(t *testing.T) {
	w, program := busy(t), buildMistaken(t)
	folder := t.TempDir()
	script := filepath.Join(folder, "reference")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}

	dropped := install(t, program, "reference@2.0.0", "a dropped field")
	lying := install(t, program, "reference@2.0.0", "one that lies about its version")
	for _, c := range []struct {
		name, file string
		args       []string
		exit       int
		says       string
	}{
		{"what is meant", dropped, []string{"--allow", "request.body.gone", "--allow", "request.header.changed"}, 0, `"allowed": true`},
		{"all of a kind", dropped, []string{"--allow", "request"}, 0, `"differs": false`},
		{"not all that follows", dropped, []string{"--allow", "request.body"}, 1, `"differs": true`},
		{"something else", dropped, []string{"--allow", "request"[:6]}, 1, `"differs": true`},
		{"another version than its name", lying, nil, 2, `says that its version is "dev"`},
		{"no plugin", script, nil, 2, "the new program: plugin reference"},
		{"no file", filepath.Join(folder, "reference@9"), nil, 2, "there is no file"},
		{"nothing stored", filepath.Join(bin, "plugins", "ptop"), nil, 2, "nothing is stored of ptop"},
		{"another plugin", filepath.Join(bin, "plugins", "ttrpay"), []string{"--provider", "ptop"}, 2, "has the plugin ptop"},
		{"no configuration", dropped, []string{"--config", filepath.Join(folder, "none")}, 2, "does not exist"},
		{"a class that nothing has", dropped, []string{"--allow", "request", "--allow", "request.bdy"}, 0, `"request.bdy"`},
		{"no account", filepath.Join(bin, "plugins", "ttrpay"), nil, 2, "no account with the plugin ttrpay; name another with --provider"},
		{"no intents", dropped, []string{"--last", "0"}, 2, "--last must be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			exit, _, said := w.rehearse(c.file, c.args...)
			if (exit != c.exit) || !strings.Contains(said, c.says) {
				t.Errorf("exit %d, want %d and %q\n%s", exit, c.exit, c.says, said)
			}
		})
	}

	exit, said := w.command("plugin", "rehearse", dropped)
	if (exit != 1) || !strings.Contains(said, "request.body.gone  body.method, 5 times") {
		t.Errorf("exit %d\n%s", exit, said)
	}
}

// A candidate reads along, what it makes of it is counted, and nothing of it
// counts: the payment is as the serving version says.
func TestAShadowCountsWhatItWouldDoOtherwise(t *testing.T) {
	program := buildMistaken(t)
	w := busyWith(t, func(w *world) string {
		w.place(program, "a changed status table")
		return "[providers.reference.canary]\nversion = \"2.0.0\"\npercent = 0\n"
	})

	var shown struct {
		Version string
		Canary  struct {
			Version, State, Error string
			Compared, Skipped     int
			Differences           []struct {
				Class, About, Example string
				Count                 int
			}
		}
	}
	until := func(what string, reached func() bool) {
		t.Helper()
		for !reached() {
			if t.Context().Err() != nil {
				t.Fatalf("%s: %+v", what, shown)
			}
			w.api(http.MethodGet, "/v1/providers/reference", "", "", &shown)
		}
	}
	until("it does not start", func() bool { return shown.Canary.State == "shadow" })

	var made record
	w.api(http.MethodPost, "/v1/payments", "shadow", `{"provider":"reference","amount":"60.00","currency":"EUR",`+
		`"success_url":"https://shop.example/ok","cancel_url":"https://shop.example/no","method":"card"}`, &made)
	w.tell(made.ID)
	w.api(http.MethodGet, "/v1/payments/"+made.ID, "", "", &made)
	if made.Status != "succeeded" {
		t.Errorf("the payment is %s", made.Status)
	}

	until("no difference is found", func() bool { return len(shown.Canary.Differences) > 0 })
	first := shown.Canary.Differences[0]
	if (first.Class != "event.status") || !strings.Contains(first.Example, `"processing", was "succeeded"`) {
		t.Errorf("%+v", first)
	}
	if (shown.Version != "dev") || (shown.Canary.Version != "2.0.0") {
		t.Errorf("%+v", shown)
	}

	exit, said := w.command("providers", "show", "reference")
	if (exit != 0) || !strings.Contains(said, "2.0.0: shadow since") || !strings.Contains(said, "event.status") {
		t.Errorf("exit %d\n%s", exit, said)
	}
	t.Log(said)
	_, _, metrics := w.do(http.MethodGet, w.base+"/metrics", "",
		http.Header{"Authorization": {"Bearer " + apiToken}})
	const want = `payhost_shadow_differences_total{class="event.status",provider="reference",version="2.0.0"}`
	if !strings.Contains(string(metrics), want) {
		t.Error("the metrics do not have", want)
	}

	// Without it in the configuration it is gone; a share is refused.
	text, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	w.write(strings.Replace(string(text), "percent = 0", "percent = 5", 1))
	if exit, said := w.command("reload"); (exit == 0) || !strings.Contains(said, "canary.percent") {
		t.Errorf("exit %d\n%s", exit, said)
	}
	w.write(strings.Replace(string(text), `"2.0.0"`, `"9.9.9"`, 1))
	exit, said = w.command("check")
	if (exit != 0) || !strings.Contains(said, "canary.version: warning: the new version cannot read along") {
		t.Errorf("exit %d\n%s", exit, said)
	}
	before, _, _ := strings.Cut(string(text), "[providers.reference.canary]")
	w.write(before)
	if exit, said := w.command("reload"); exit != 0 {
		t.Errorf("exit %d\n%s", exit, said)
	}
	shown.Canary.State = ""
	w.api(http.MethodGet, "/v1/providers/reference", "", "", &shown)
	if shown.Canary.State != "" {
		t.Errorf("it is still there: %+v", shown.Canary)
	}
}

// canary is what the tests look at of a provider's new version.
type canary struct {
	State, Error string
	Compared     int
	Differences  []struct{ Class string }
}

// Which wrong versions a shadow finds, and that it finds nothing where it cannot
// see: what is only sent is for a rehearsal.
func TestWhichWrongVersionsAShadowFinds(t *testing.T) {
	w, program := busy(t), buildMistaken(t)
	text, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	reload := func(more string) {
		t.Helper()
		w.write(string(text) + more)
		if exit, said := w.command("reload"); exit != 0 {
			t.Fatalf("exit %d\n%s", exit, said)
		}
	}

	const wanted = `{"provider":"reference","amount":"60.00","currency":"EUR","method":"card",` +
		`"success_url":"https://shop.example/ok","cancel_url":"https://shop.example/no"}`
	for _, wrong := range mistakes {
		t.Run(wrong.name, func(t *testing.T) {
			w.place(program, wrong.name)
			reload("[providers.reference.canary]\nversion = \"2.0.0\"\n")
			defer reload("")

			var shown struct{ Canary canary }
			look := func() canary {
				shown.Canary = canary{}
				w.api(http.MethodGet, "/v1/providers/reference", "", "", &shown)
				return shown.Canary
			}
			for look().State == "starting" {
				if t.Context().Err() != nil {
					t.Fatal("it does not start")
				}
			}
			if wrong.shadow == "failed" {
				if got := shown.Canary; (got.State != "failed") || !strings.Contains(got.Error, "version") {
					t.Errorf("%+v", got)
				}
				return
			}

			w.seen(t, wrong.name, wanted)
			for wrong.shadow != "" && !found(look(), wrong.shadow) {
				if t.Context().Err() != nil {
					t.Fatalf("%s is not found: %+v", wrong.shadow, shown.Canary)
				}
			}
			for wrong.shadow == "" && look().Compared < 4 {
				if t.Context().Err() != nil {
					t.Fatalf("too little is compared: %+v", shown.Canary)
				}
			}
			for _, difference := range shown.Canary.Differences {
				if difference.Class != wrong.shadow {
					t.Logf("besides: %s", difference.Class)
				}
			}
			if (wrong.shadow == "") && (len(shown.Canary.Differences) > 0) {
				t.Errorf("%+v", shown.Canary)
			}
		})
	}
}

func found(shown canary, class string) bool {
	for _, difference := range shown.Differences {
		if difference.Class == class {
			return true
		}
	}
	return false
}

// seen has the host read a status, an error in place of one, a webhook that
// nobody signed, and the provider's own.
func (w *world) seen(t *testing.T, key, wanted string) {
	t.Helper()
	var made record
	w.api(http.MethodPost, "/v1/payments", "seen "+key, wanted, &made)
	w.api(http.MethodGet, "/v1/payments/"+made.ID+"?refresh=true", "", "", &made)

	const fault = `{"kind":"error","status":404,"body":"{\"error\":{\"code\":\"not_found\"}}","times":1}`
	if status, _, said := w.do(http.MethodPost, w.other+"/_simulator/faults", fault, nil); status >= 300 {
		t.Fatalf("faults: %d %s", status, said)
	}
	status, _, said := w.do(http.MethodGet, w.base+"/v1/payments/"+made.ID+"?refresh=true", "",
		http.Header{"Authorization": {"Bearer " + apiToken}})
	if status != http.StatusBadGateway {
		t.Errorf("what the provider does not know was answered %d %s", status, said)
	}

	status, _, said = w.do(http.MethodPost, w.base+"/webhooks/reference",
		`{"payment":{"id":"x","reference":"`+made.ID+`","status":"paid"}}`, nil)
	if status == http.StatusOK {
		t.Errorf("an unsigned webhook was answered %d %s", status, said)
	}
	w.tell(made.ID)
}

// place puts a program with a mistake beside the plugins, as version 2.0.0.
func (w *world) place(program []byte, mistake string) {
	w.t.Helper()
	from := install(w.t, program, "reference@2.0.0", mistake)
	if err := os.Rename(from, filepath.Join(w.dir, "plugins", "reference@2.0.0")); err != nil {
		w.t.Fatal(err)
	}
}
