package suite

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/payhost/payhost/sdk"
)

const (
	secretRule = "Neither a response nor an error nor a log line may hold a secret of the account's configuration."
	closeRule  = "A provider that holds something of its own (a connection, a goroutine) gives it up in Close, " +
		"when it is no longer needed."
)

var secretCases = []testCase{
	{name: "secrets", rule: secretRule, run: secrets},
	{
		name:         "secrets in a configuration",
		unconfigured: true,
		rule:         "What is wrong, never with a secret value in it.",
		run:          secretsInConfig,
	},
}

var fileCases = []testCase{{name: "files", rule: closeRule, run: files}}

var endCases = []testCase{{name: "end", rule: closeRule, run: end}}

// secrets plays a provider that repeats in its answers whatever it was sent.
// The scanner looks at everything that the plugin makes of it.
func secrets(run *caseRun) {
	for _, verb := range run.calling() {
		for _, mediaType := range []string{"application/json", "text/html", "text/plain"} {
			for _, status := range []int{
				http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError,
			} {
				run.echoed(verb, mediaType, status)
			}
		}
	}
}

func (run *caseRun) echoed(verb verbSpec, mediaType string, status int) {
	call := verb.prepare(run)
	run.proxy.Instead(
		func(w http.ResponseWriter, r *http.Request) { echo(w, r, mediaType, status) },
	)
	_, err := call.send(run.ctx, run.account)
	run.proxy.Instead(nil)
	if err == nil {
		run.fail("%s succeeded with an answer that only repeats the request (%s, HTTP %d)",
			verb.capability, mediaType, status)
	}
}

// echo answers with everything that the request holds, in a shape that may pass
// for an error of the provider.
func echo(w http.ResponseWriter, r *http.Request, mediaType string, status int) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}

	var all bytes.Buffer
	all.WriteString(r.Method + " " + r.URL.String() + "\n")

	// Decoded, since a URL spells a secret in its own way.
	for _, values := range r.URL.Query() {
		for _, value := range values {
			all.WriteString(value + "\n")
		}
	}

	_ = r.Header.Write(&all)
	all.Write(body)

	// JSON reaches the code that reads the provider's errors.
	answer := all.Bytes()
	if mediaType == "application/json" {
		answer, err = echoJSON(all.String())
		if err != nil {
			return
		}
	}

	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// echoJSON puts the text where providers usually have a message.
func echoJSON(text string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"error":   text,
		"message": text,
		"msg":     text,
		"status":  "error",
		"code":    1,
		"detail":  map[string]string{"message": text},
		"errors":  map[string]any{"code": "echo", "message": []string{text}},
	})
}

// secretsInConfig makes every key wrong in turn while the secrets stay.
func secretsInConfig(run *caseRun) {
	for key := range run.schema.Properties {
		for _, wrong := range []string{`"\u0000"`, `[[]]`, `{"wrong":true}`} {
			config := run.withWrongSecrets(with(run.members(), key, wrong), key)
			if _, err := run.client.Configure(run.ctx, accountName, written(config)); err == nil {
				run.fail("Configure accepted %s for %s", wrong, key)
			}
		}
	}
}

// withWrongSecrets adds a blank to every secret but the one under except: such
// a value is wrong, and a message may want to show it.
func (run *caseRun) withWrongSecrets(
	config map[string]json.RawMessage, except string,
) map[string]json.RawMessage {
	good := run.members()
	for _, key := range run.secretKeys() {
		values := texts(good[key])
		if (len(values) == 0) || (key == except) {
			continue
		}
		text, err := json.Marshal(values[0] + " ")
		run.must(err, "a secret")
		config = with(config, key, string(text))
	}

	return config
}

// callAll calls every verb that the account can do once.
func (run *caseRun) callAll() {
	for _, verb := range run.ableAll() {
		_, err := verb.prepare(run).send(run.ctx, run.account)
		run.must(err, "%s", verb.capability)
	}
}

// end uses everything once, then ends the plugin and looks at what is left.
func end(run *caseRun) {
	run.callAll()
	if run.can(sdk.CapabilityParseWebhook) {
		for _, webhook := range run.genuineWebhooks() {
			_, err := run.account.ParseWebhook(run.ctx, webhook.on(sdk.ScopeOpen))
			if err != nil {
				run.calm(err, "a genuine webhook")
			}
		}
	}

	// Everything must be gone once the process says that it has ended.
	run.stop()
	if err := run.process.Left(); err != nil {
		run.fail("the plugin has ended and left something behind: %v", err)
	}
}

// rounds is how often everything is used while open files are counted.
const rounds = 8

// files uses everything several times: a file that a call opens and does not
// close is there once for each round. The connections that a client keeps for
// the next call do not grow in number.
func files(run *caseRun) {
	run.callAll()
	before := run.process.Files()
	for range rounds {
		run.callAll()
	}

	// A file that is closed a moment later, or is opened beside, counts for
	// less.
	most := before + rounds/2
	deadline := time.After(run.patience)
	late := false

	now := run.process.Files()
	for ; (now > most) && !late; now = run.process.Files() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			late = true
		}
	}

	if now > most {
		run.fail(
			"after every verb was called once the plugin holds %d files and connections open, "+
				"after %d more rounds %d",
			before,
			rounds,
			now,
		)
	}
}
