package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// trouble is a failure as an operator reads it: what failed, then the known
// facts, one on each line.
type trouble struct {
	what  string
	facts []fact
}

type fact struct{ name, text string }

func (t *trouble) fact(name, format string, args ...any) {
	if text := fmt.Sprintf(format, args...); strings.TrimSpace(text) != "" {
		t.facts = append(t.facts, fact{name, text})
	}
}

// Error returns all of it, on several lines.
func (t *trouble) Error() string {
	return strings.TrimSuffix(t.what+"\n"+facts(t.facts), "\n")
}

// facts returns one indented line for each fact, with the names in a column.
func facts(list []fact) string {
	var buffer bytes.Buffer
	w := tabwriter.NewWriter(&buffer, 0, 0, 2, ' ', 0)
	last := ""

	// A name is printed once for the facts that share it.
	for _, f := range list {
		name := f.name
		if name == last {
			name = ""
		}
		last = f.name
		fmt.Fprintf(w, "  %s\t%s\n", printable(name), printable(f.text))
	}

	_ = w.Flush() // into a buffer
	return buffer.String()
}

// lost adds the advice for a request that can move money and whose answer did
// not arrive.
func (t *trouble) lost(call request) {
	if !call.moves {
		return
	}
	t.fact("provider", "%s", call.provider)
	t.fact(
		"money",
		"may have moved: the host may have taken the request, and then continues with it",
	)

	// Only the same key is safe: under a new one the host would take it for
	// another request, and money could move twice.
	t.fact(
		"next",
		"run the same command again, with the same --idempotency-key %q: it shows the result and never moves money twice",
		call.key,
	)
}

// problem is the host's refusal: application/problem+json.
type problem struct {
	Title           string      `json:"title"`
	Detail          string      `json:"detail"`
	Code            string      `json:"code"`
	Outcome         sdk.Outcome `json:"outcome"`
	Provider        string      `json:"provider"`
	PaymentID       string      `json:"payment_id"`
	ProviderCode    string      `json:"provider_code"`
	ProviderMessage string      `json:"provider_message"`
	RequestID       string      `json:"request_id"`
	Violations      []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"violations"`
}

// refusal returns the error for a refusal of the host.
func refusal(call request, resp *http.Response, body []byte) error {
	var p problem
	if err := json.Unmarshal(body, &p); err != nil || p.Code+p.Title+p.Detail == "" {
		failed := &trouble{
			what: fmt.Sprintf(
				"%s: the host answered %s without an explanation; its log may have one",
				call.what,
				resp.Status,
			),
		}
		failed.lost(call)

		return failed
	}

	// The host's own words come first, then the provider's.
	p.Provider = cmp.Or(p.Provider, call.provider)
	failed := &trouble{what: call.what + ": " + cmp.Or(p.Detail, p.Title, resp.Status)}
	for _, v := range p.Violations {
		failed.fact("wrong", "%s %s", v.Field, v.Message)
	}

	failed.fact("provider", "%s", p.Provider)
	failed.fact("payment", "%s", p.PaymentID)
	failed.fact("code", "%s", p.Code)
	failed.fact(
		"provider said",
		"%s",
		strings.TrimSpace(p.ProviderCode+" "+p.ProviderMessage),
	)

	wait := ""
	if seconds := resp.Header.Get("Retry-After"); seconds != "" {
		wait = seconds + " s"
		if strings.Trim(seconds, "0123456789") != "" { // a date
			wait = "until " + seconds
		}
	}

	circumstances := circumstance{
		code:     p.Code,
		outcome:  p.Outcome,
		provider: p.Provider,
		id:       p.PaymentID,
		key:      call.key,
		wait:     wait,
	}

	// The advice comes last, where the reader looks for it.
	if call.moves {
		failed.fact("money", "%s", circumstances.money())
	}
	for _, step := range circumstances.next(call.moves) {
		failed.fact("next", "%s", step)
	}

	failed.fact("request", "%s", p.RequestID)
	return failed
}

// failure adds the facts of a recorded failure.
func (t *trouble) failure(id, provider string, s payment.Status, f *payment.Failure) {
	t.fact("code", "%s", f.Code)
	t.fact("provider said", "%s", strings.TrimSpace(f.ProviderCode+" "+f.ProviderMessage))
	if s != payment.Failed && s != payment.Unknown {
		return // the record went on after the failure
	}

	circumstances := circumstance{
		code:     f.Code,
		outcome:  sdk.Outcome(f.Outcome),
		provider: provider,
		id:       id,
		recorded: true,
		safe:     f.NewAttemptSafe,
	}

	t.fact("money", "%s", circumstances.money())
	for _, step := range circumstances.next(true) {
		t.fact("next", "%s", step)
	}
}

// failureOf returns the error for a new record that has failed or whose result
// is not known; nil for any other.
func failureOf(kind, id, provider string, s payment.Status, f *payment.Failure) error {
	if s != payment.Failed && s != payment.Unknown {
		return nil
	}

	// A doubt without a recorded failure is still a doubt.
	if f == nil {
		f = &payment.Failure{Outcome: string(sdk.OutcomeUnknown)}
	}

	failed := &trouble{
		what: fmt.Sprintf(
			"the %s failed: %s",
			kind,
			cmp.Or(f.Message, "no reason is known"),
		),
	}

	// A doubt must not read like a failure: a new attempt could pay twice.
	if s == payment.Unknown {
		failed.what = fmt.Sprintf(
			"the result of the %s is not known: %s",
			kind,
			cmp.Or(f.Message, "the provider's answer is missing"),
		)
	}

	failed.fact(kind, "%s", id)
	failed.fact("provider", "%s", provider)
	failed.failure(id, provider, s, f)

	return failed
}
