package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/payhost/payhost/sdk"
)

var secretCases = []testCase{
	{name: "secrets", rule: secretRule, run: secrets},
	{
		name: "secrets in a configuration", unconfigured: true,
		rule: "What is wrong, never with a secret value in it.",
		run:  secretsInConfig,
	},
}

// secrets plays a provider that repeats in its answers whatever it was sent, then one that says nothing at all: the
// watch looks at everything that the plugin makes of it.
func secrets(x *trial) {
	for _, v := range x.calling() {
		for _, mediaType := range []string{"application/json", "text/html", "text/plain"} {
			for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError} {
				shot := v.ready(x)
				x.tap.instead(func(w http.ResponseWriter, r *http.Request) { echo(w, r, mediaType, status) })
				_, err := shot.call(x.ctx, x.a)
				x.tap.instead(nil)
				if err == nil {
					x.fail("%s succeeded with an answer that only repeats the request (%s, HTTP %d)", v.capability, mediaType, status)
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
func secretsInConfig(x *trial) {
	good := x.members()
	for key := range x.schema.Properties {
		for _, wrong := range []string{`"\u0000"`, `[[]]`, `{"wrong":true}`} {
			config := with(good, key, wrong)
			for _, s := range x.secretKeys() {
				if values := texts(good[s]); len(values) > 0 && s != key {
					// The value with a blank behind it is wrong, and a message may want to show it.
					text, err := json.Marshal(values[0] + " ")
					x.must(err, "a secret")
					config = with(config, s, string(text))
				}
			}
			if _, err := x.client.Configure(x.ctx, accountName, written(config)); err == nil {
				x.fail("Configure accepted %s for %s", wrong, key)
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
func end(x *trial) {
	for _, v := range append(x.able(false), x.able(true)...) {
		_, err := v.ready(x).call(x.ctx, x.a)
		x.must(err, "%s", v.capability)
	}
	if x.can(sdk.CapabilityParseWebhook) {
		for _, n := range x.tellings() {
			_, err := x.a.ParseWebhook(x.ctx, n.on(sdk.ScopeOpen))
			if err != nil {
				x.calm(err, "a genuine notice")
			}
		}
	}
	x.stop()
	if err := x.process.Left(); err != nil {
		x.fail("the plugin has ended and left something behind: %v", err)
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
func files(x *trial) {
	round := func() {
		for _, v := range append(x.able(false), x.able(true)...) {
			_, err := v.ready(x).call(x.ctx, x.a)
			x.must(err, "%s", v.capability)
		}
	}
	round()
	before := x.process.Files()
	most := before + rounds/2 // what is closed a moment later, or opened beside, is less
	for range rounds {
		round()
	}
	// What was closed a moment ago may still be there.
	now, end := x.process.Files(), time.After(x.patience)
	for late := false; now > most && !late; now = x.process.Files() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-end:
			late = true
		}
	}
	if now > most {
		x.fail("after every verb was called once the plugin holds %d files and connections open, after %d more rounds %d", before, rounds, now)
	}
}
