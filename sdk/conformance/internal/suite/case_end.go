package suite

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/payhost/payhost/sdk"
)

const secretRule = "Neither a response nor an error nor a log line may hold a secret of the account's configuration."

var secretCases = []testCase{
	{name: "secrets", rule: secretRule, run: secrets},
	{
		name: "secrets in a configuration", unconfigured: true,
		rule: "What is wrong, never with a secret value in it.",
		run:  secretsInConfig,
	},
}

// secrets plays a provider that repeats in its answers whatever it was sent, then one that says nothing at all: the
// scanner looks at everything that the plugin makes of it.
func secrets(run *caseRun) {
	for _, verb := range run.calling() {
		for _, mediaType := range []string{"application/json", "text/html", "text/plain"} {
			for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError} {
				call := verb.prepare(run)
				run.proxy.Instead(func(w http.ResponseWriter, r *http.Request) { echo(w, r, mediaType, status) })
				_, err := call.send(run.ctx, run.account)
				run.proxy.Instead(nil)
				if err == nil {
					run.fail("%s succeeded with an answer that only repeats the request (%s, HTTP %d)", verb.capability, mediaType, status)
				}
			}
		}
	}
}

// echo answers with everything that the request holds, in a shape that may pass for an error of the provider.
func echo(w http.ResponseWriter, r *http.Request, mediaType string, status int) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var all bytes.Buffer
	all.WriteString(r.Method + " " + r.URL.String() + "\n")
	for _, values := range r.URL.Query() {
		for _, v := range values {
			all.WriteString(v + "\n")
		}
	}
	_ = r.Header.Write(&all)
	all.Write(body)
	answer := all.Bytes()
	if mediaType == "application/json" {
		text := all.String()
		answer, err = json.Marshal(map[string]any{
			"error": text, "message": text, "msg": text, "status": "error", "code": 1, "detail": map[string]string{"message": text},
			"errors": map[string]any{"code": "echo", "message": []string{text}},
		})
		if err != nil {
			return
		}
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// secretsInConfig makes every key wrong in turn while the secrets stay.
func secretsInConfig(run *caseRun) {
	good := run.members()
	for key := range run.schema.Properties {
		for _, wrong := range []string{`"\u0000"`, `[[]]`, `{"wrong":true}`} {
			config := with(good, key, wrong)
			for _, s := range run.secretKeys() {
				if values := texts(good[s]); len(values) > 0 && s != key {
					// The value with a blank behind it is wrong, and a message may want to show it.
					text, err := json.Marshal(values[0] + " ")
					run.must(err, "a secret")
					config = with(config, s, string(text))
				}
			}
			if _, err := run.client.Configure(run.ctx, accountName, written(config)); err == nil {
				run.fail("Configure accepted %s for %s", wrong, key)
			}
		}
	}
}

var endCases = []testCase{
	{
		name: "end",
		rule: "A provider that holds something of its own (a connection, a goroutine) gives it up in Close, when it is no longer needed.",
		run:  end,
	},
}

// end uses everything once, then ends the plugin and looks at what is left.
func end(run *caseRun) {
	for _, verb := range run.ableAll() {
		_, err := verb.prepare(run).send(run.ctx, run.account)
		run.must(err, "%s", verb.capability)
	}
	if run.can(sdk.CapabilityParseWebhook) {
		for _, n := range run.tellings() {
			_, err := run.account.ParseWebhook(run.ctx, n.on(sdk.ScopeOpen))
			if err != nil {
				run.calm(err, "a genuine notice")
			}
		}
	}
	run.stop()
	if err := run.process.Left(); err != nil {
		run.fail("the plugin has ended and left something behind: %v", err)
	}
}

var fileCases = []testCase{
	{
		name: "files",
		rule: "A provider that holds something of its own (a connection, a goroutine) gives it up in Close, when it is no longer needed.",
		run:  files,
	},
}

// rounds is how often everything is used while open files are counted.
const rounds = 8

// files uses everything several times: what a call opens and does not close is there once for each round. What a client
// keeps for the next call does not grow.
func files(run *caseRun) {
	round := func() {
		for _, verb := range run.ableAll() {
			_, err := verb.prepare(run).send(run.ctx, run.account)
			run.must(err, "%s", verb.capability)
		}
	}
	round()
	before := run.process.Files()
	most := before + rounds/2 // what is closed a moment later, or opened beside, is less
	for range rounds {
		round()
	}
	// What was closed a moment ago may still be there.
	now, end := run.process.Files(), time.After(run.patience)
	for late := false; now > most && !late; now = run.process.Files() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-end:
			late = true
		}
	}
	if now > most {
		run.fail("after every verb was called once the plugin holds %d files and connections open, after %d more rounds %d", before, rounds, now)
	}
}
