package suite

import (
	"bytes"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// mostChanges bounds how many bytes of one notice are changed, one at a time.
const mostChanges = 200

// changes gives the request with one byte changed at a time: in the body, the query, and the headers that are not
// about the connection.
func changes(r sdk.HTTPRequest) []sdk.HTTPRequest {
	var out []sdk.HTTPRequest
	flip := func(text []byte, put func(*sdk.HTTPRequest, []byte)) {
		step := max(1, len(text)/mostChanges)
		for i := 0; i < len(text); i += step {
			changed := bytes.Clone(text)
			changed[i] ^= 1 // stays printable
			next := r
			put(&next, changed)
			out = append(out, next)
		}
	}
	flip(r.Body, func(n *sdk.HTTPRequest, b []byte) { n.Body = b })
	flip([]byte(r.Query), func(n *sdk.HTTPRequest, b []byte) { n.Query = string(b) })
	for name, values := range r.Header {
		if len(values) != 1 || name == "Content-Type" || name == "Content-Length" || name == "User-Agent" {
			continue
		}
		flip([]byte(values[0]), func(n *sdk.HTTPRequest, b []byte) {
			n.Header = r.Header.Clone()
			n.Header[name] = []string{string(b)}
		})
	}
	return out
}

// removals gives the request with one header, or one parameter of its query or form, or one member of its JSON left out.
func removals(r sdk.HTTPRequest) []sdk.HTTPRequest {
	var out []sdk.HTTPRequest
	for name := range r.Header {
		next := r
		next.Header = r.Header.Clone()
		next.Header.Del(name)
		out = append(out, next)
	}
	for _, query := range without(r.Query) {
		next := r
		next.Query = query
		out = append(out, next)
	}
	members, err := object(r.Body)
	if err != nil {
		for _, form := range without(string(r.Body)) {
			next := r
			next.Body = []byte(form)
			out = append(out, next)
		}
	}
	for key := range members {
		next := r
		next.Body = written(with(members, key, ""))
		out = append(out, next)
	}
	return out
}

// without leaves out one parameter at a time of text that is like a query.
func without(text string) (out []string) {
	parts := strings.Split(text, "&")
	for i := range parts {
		if strings.Contains(parts[i], "=") {
			out = append(out, strings.Join(slices.Delete(slices.Clone(parts), i, i+1), "&"))
		}
	}
	return out
}

// webhookUnsigned leaves out whatever could be the signature, and something else each time.
func webhookUnsigned(run *caseRun) {
	if !oneOf(sdk.TrustSignature, run.info.WebhookTrust...) {
		return // there is none
	}
	for _, n := range run.tellings() {
		run.forged(n, removals(n.request), "with something left out")
	}
}

// webhookChanged changes signed notices. What the signature does not cover may change freely, but then the events must
// not say anything else because of it.
func webhookChanged(run *caseRun) {
	if !oneOf(sdk.TrustSignature, run.info.WebhookTrust...) {
		return // an origin proves the whole notice or nothing: see the other cases
	}
	for _, n := range run.tellings() {
		run.forged(n, changes(n.request), "with one byte changed")
	}
}

// forged tries what somebody could make of a genuine notice.
func (run *caseRun) forged(n told, list []sdk.HTTPRequest, how string) {
	genuine, err := run.account.ParseWebhook(run.ctx, n.on(sdk.ScopeOpen))
	run.must(err, "a genuine notice")
	turnedAway := 0
	for _, r := range list {
		notice, err := run.account.ParseWebhook(run.ctx, sdk.ParseWebhookRequest{Request: r, Scope: sdk.ScopeOpen})
		switch {
		case err != nil:
			turnedAway++
			run.calm(err, "a notice "+how)
		case notice.Verification != sdk.VerifiedBySignature:
			turnedAway++
		case !reflect.DeepEqual(notice.Events, genuine.Events):
			run.fatal("a notice %s verifies and says something else: query %q, body %.2000q", how, r.Query, r.Body)
		}
	}
	if turnedAway == 0 {
		run.fail("a genuine notice verifies whatever it is: each of %d, %s, did", len(list), how)
	}
}

// calm wants an error that says what is wrong with the notice, and not a panic.
func (run *caseRun) calm(err error, what string) {
	if sdk.CodeOf(err) == sdk.CodeInternal {
		run.fatal("%s: %v", what, err)
	}
}

// junk is what no provider sends.
func junk() []sdk.HTTPRequest {
	bodies := []string{
		"", "{}", "[]", "null", `"text"`, "0", "<html>", "\x00\xff\xfe", "a=b&c=d", "%", "a=%zz&=&&;",
		`{"a":`, strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000), strings.Repeat("x", 1<<20),
		`{"id":1e999999999,"amount":1e999999999}`, `{"id":{"id":{}},"status":[],"amount":"NaN"}`,
	}
	var out []sdk.HTTPRequest
	for _, body := range bodies {
		for _, mediaType := range []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data", ""} {
			r := strangeRequest()
			r.Body = []byte(body)
			r.Header = http.Header{"Signature": {"x"}, "X-Signature": {"\xff"}, "Timestamp": {"-1"}}
			if mediaType != "" {
				r.Header.Set("Content-Type", mediaType)
			}
			out = append(out, r)
			if len(body) < 1000 {
				r.Method, r.Query = http.MethodGet, body
				out = append(out, r)
			}
		}
	}
	return append(out, sdk.HTTPRequest{}, sdk.HTTPRequest{ReceivedAt: time.Now()})
}

// Whatever comes, the process must live: it serves other accounts, and payments under way.
func webhookJunk(run *caseRun) {
	for _, r := range junk() {
		notice, err := run.account.ParseWebhook(run.ctx, sdk.ParseWebhookRequest{Request: r, Scope: sdk.ScopeOpen})
		if err != nil {
			run.calm(err, "a notice that is junk")
		} else if notice.Verification != sdk.NotVerified {
			run.fail("a notice that is junk is verified by %q: query %.200q, body %.200q", notice.Verification, r.Query, r.Body)
		}
	}
	_, err := run.client.Info(run.ctx)
	run.must(err, "GetInfo after a lot of junk")
}

var returnCases = []testCase{
	{
		name: "return", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseReturn),
		rule: "ParseReturn reads the request with which the customer's browser comes back. Without a valid signature what it says is only a hint.",
		run:  returned,
	},
	{
		name: "return junk", needs: needs(sdk.CapabilityParseReturn),
		rule: "Without a valid signature what a return says is only a hint.",
		run: func(run *caseRun) {
			for _, r := range junk() {
				back, err := run.account.ParseReturn(run.ctx, sdk.ParseReturnRequest{Request: r, Scope: sdk.ScopeOpen})
				if err != nil {
					run.calm(err, "a return that is junk")
				} else if back.Verification != sdk.NotVerified {
					run.fail("a return that is junk is verified by %q: query %.200q", back.Verification, r.Query)
				}
			}
		},
	},
}

// Customers can change what their browser sends, so a return is held to the same as a notice.
func returned(run *caseRun) {
	c := run.paid(nil)
	if run.control.Returns == nil {
		run.unproven("returns to give")
	}
	requests, err := run.control.Returns(run.ctx, c.Reference)
	run.must(err, "the simulator's returns")
	if len(requests) == 0 {
		run.fatal("the simulator's customer does not come back")
	}
	for _, r := range requests {
		req := sdk.ParseReturnRequest{Request: r, Scope: sdk.ScopeIntent, Payment: &c}
		first, err := run.account.ParseReturn(run.ctx, req)
		run.must(err, "a genuine return")
		second, err := run.account.ParseReturn(run.ctx, req)
		run.must(err, "the same return again")
		if !reflect.DeepEqual(first, second) {
			run.fail("the same return says first %s and then %s", readable(first), readable(second))
		}
		for _, changed := range changes(r) {
			req.Request = changed
			back, err := run.account.ParseReturn(run.ctx, req)
			if err != nil {
				run.calm(err, "a return with one byte changed")
			} else if back.Verification == sdk.VerifiedBySignature && !reflect.DeepEqual(back.Events, first.Events) {
				run.fatal("a return with one byte changed verifies and says something else: %q", changed.Query)
			}
		}
	}
}
