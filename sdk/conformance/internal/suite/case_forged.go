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

// mostChanges bounds how many bytes of one request are changed, one at a time.
const mostChanges = 200

// changes returns the request with one byte changed at a time: in the body, the
// query, and the headers that are not about the connection.
func changes(request sdk.HTTPRequest) []sdk.HTTPRequest {
	var list []sdk.HTTPRequest
	flip := func(text []byte, put func(*sdk.HTTPRequest, []byte)) {
		step := max(1, len(text)/mostChanges)
		for i := 0; i < len(text); i += step {
			changed := bytes.Clone(text)
			changed[i] ^= 1 // stays printable
			next := request
			put(&next, changed)
			list = append(list, next)
		}
	}

	// The body and the query may hold the signature, or what it covers.
	flip(request.Body, func(r *sdk.HTTPRequest, changed []byte) { r.Body = changed })
	flip(
		[]byte(request.Query),
		func(r *sdk.HTTPRequest, changed []byte) { r.Query = string(changed) },
	)

	// A signature is often in a header.
	for name, values := range request.Header {
		if (len(values) != 1) || (name == "Content-Type") ||
			(name == "Content-Length") || (name == "User-Agent") {
			continue
		}

		flip([]byte(values[0]), func(r *sdk.HTTPRequest, changed []byte) {
			r.Header = request.Header.Clone()
			r.Header[name] = []string{string(changed)}
		})
	}

	return list
}

// removals returns the request with one header, or one parameter of its query
// or form, or one member of its JSON left out.
func removals(request sdk.HTTPRequest) []sdk.HTTPRequest {
	var list []sdk.HTTPRequest
	for name := range request.Header {
		next := request
		next.Header = request.Header.Clone()
		next.Header.Del(name)
		list = append(list, next)
	}

	for _, query := range without(request.Query) {
		next := request
		next.Query = query
		list = append(list, next)
	}

	// The body is JSON, or else it is taken for a form.
	members, err := object(request.Body)
	if err != nil {
		for _, form := range without(string(request.Body)) {
			next := request
			next.Body = []byte(form)
			list = append(list, next)
		}
	}

	for key := range members {
		next := request
		next.Body = written(with(members, key, ""))
		list = append(list, next)
	}

	return list
}

// without leaves out one parameter at a time of text that is like a query.
func without(text string) []string {
	var list []string
	parts := strings.Split(text, "&")
	for i := range parts {
		if strings.Contains(parts[i], "=") {
			rest := slices.Delete(slices.Clone(parts), i, i+1)
			list = append(list, strings.Join(rest, "&"))
		}
	}
	return list
}

// signs reports whether the plugin declares that its provider signs webhooks.
// Where it does not, an origin proves a whole webhook or nothing: other cases
// try that.
func (run *caseRun) signs() bool { return slices.Contains(run.info.WebhookTrust, sdk.TrustSignature) }

// webhookUnsigned leaves out whatever could be the signature, and something
// else each time.
func webhookUnsigned(run *caseRun) {
	if !run.signs() {
		return
	}
	for _, webhook := range run.genuineWebhooks() {
		run.forged(webhook, removals(webhook.request), "with something left out")
	}
}

// webhookChanged changes signed webhooks. Parts that the signature does not cover may
// change freely, but then the events must not say anything else because of it.
func webhookChanged(run *caseRun) {
	if !run.signs() {
		return
	}
	for _, webhook := range run.genuineWebhooks() {
		run.forged(webhook, changes(webhook.request), "with one byte changed")
	}
}

// forged tries what an attacker could make of a genuine webhook.
func (run *caseRun) forged(
	webhook genuineWebhook,
	forgeries []sdk.HTTPRequest,
	how string,
) {
	genuine, err := run.account.ParseWebhook(run.ctx, webhook.on(sdk.ScopeOpen))
	run.must(err, "a genuine webhook")

	// A forgery that verifies must say just what the genuine webhook says.
	turnedAway := 0
	for _, request := range forgeries {
		result, err := run.parse(request)
		switch {
		case err != nil:
			turnedAway++
			run.calm(err, "a webhook "+how)
		case result.Verification != sdk.VerifiedBySignature:
			turnedAway++
		case !reflect.DeepEqual(result.Events, genuine.Events):
			run.fatal(
				"a webhook %s verifies and says something else: query %q, body %.2000q",
				how,
				request.Query,
				request.Body,
			)
		}
	}

	// A plugin that turns nothing away checks no signature.
	if turnedAway == 0 {
		run.fail(
			"a genuine webhook verifies whatever it is: each of %d, %s, did",
			len(forgeries),
			how,
		)
	}
}

// parse reads a webhook as it comes on the open URL, which proves nothing.
func (run *caseRun) parse(request sdk.HTTPRequest) (*sdk.WebhookResult, error) {
	return run.account.ParseWebhook(run.ctx, sdk.ParseWebhookRequest{
		Request: request,
		Scope:   sdk.ScopeOpen,
	})
}

// calm wants an error that says what is wrong with the request, and not a
// panic.
func (run *caseRun) calm(err error, what string) {
	if sdk.CodeOf(err) == sdk.CodeInternal {
		run.fatal("%s: %v", what, err)
	}
}

// junk returns requests that no provider sends.
func junk() []sdk.HTTPRequest {
	bodies := []string{
		"", "{}", "[]", "null", `"text"`, "0", "<html>", "\x00\xff\xfe",
		"a=b&c=d", "%", "a=%zz&=&&;", `{"a":`,
		strings.Repeat(
			"[",
			100_000,
		), strings.Repeat(`{"a":`, 100_000), strings.Repeat("x", 1<<20),
		`{"id":1e999999999,"amount":1e999999999}`,
		`{"id":{"id":{}},"status":[],"amount":"NaN"}`,
	}

	mediaTypes := []string{
		"application/json", "application/x-www-form-urlencoded", "multipart/form-data", "",
	}

	var list []sdk.HTTPRequest
	for _, body := range bodies {
		for _, mediaType := range mediaTypes {
			request := strangeRequest()
			request.Body = []byte(body)
			request.Header = http.Header{
				"Signature": {"x"}, "X-Signature": {"\xff"}, "Timestamp": {"-1"},
			}
			if mediaType != "" {
				request.Header.Set("Content-Type", mediaType)
			}

			list = append(list, request)

			// The same as a query, where it may be a URL.
			if len(body) < 1000 {
				request.Method = http.MethodGet
				request.Query = body
				list = append(list, request)
			}
		}
	}

	return append(list, sdk.HTTPRequest{}, sdk.HTTPRequest{ReceivedAt: time.Now()})
}

// webhookJunk sends junk. Whatever comes, the process must live: it serves
// other accounts, and payments under way.
func webhookJunk(run *caseRun) {
	for _, request := range junk() {
		result, err := run.parse(request)
		if err != nil {
			run.calm(err, "a webhook that is junk")
		} else if result.Verification != sdk.NotVerified {
			run.fail("a webhook that is junk is verified by %q: query %.200q, body %.200q",
				result.Verification, request.Query, request.Body)
		}
	}

	_, err := run.client.Info(run.ctx)
	run.must(err, "GetInfo after a lot of junk")
}

var returnCases = []testCase{
	{
		name:  "return",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseReturn),
		rule: "ParseReturn reads the request with which the customer's browser comes back. " +
			"Without a valid signature what it says is only a hint.",
		run: returned,
	},
	{
		name:  "return junk",
		needs: needs(sdk.CapabilityParseReturn),
		rule:  "Without a valid signature what a return says is only a hint.",
		run:   returnJunk,
	},
}

// returned changes returns like webhooks: customers can change what their
// browser sends.
func returned(run *caseRun) {
	payment := run.paid(nil)
	if run.control.Returns == nil {
		run.unproven("returns to give")
	}
	requests, err := run.control.Returns(run.ctx, payment.Reference)
	run.must(err, "the simulator's returns")
	if len(requests) == 0 {
		run.fatal("the simulator's customer does not come back")
	}

	// Hosts hand a return over again, like a webhook.
	for _, request := range requests {
		genuine := sdk.ParseReturnRequest{
			Request: request,
			Scope:   sdk.ScopeIntent,
			Payment: &payment,
		}
		first, err := run.account.ParseReturn(run.ctx, genuine)
		run.must(err, "a genuine return")
		second, err := run.account.ParseReturn(run.ctx, genuine)

		run.must(err, "the same return again")
		if !reflect.DeepEqual(first, second) {
			run.fail(
				"the same return says first %s and then %s",
				readable(first),
				readable(second),
			)
		}

		run.forgedReturns(genuine, first.Events)
	}
}

// forgedReturns tries what a customer could make of a genuine return.
func (run *caseRun) forgedReturns(genuine sdk.ParseReturnRequest, events []sdk.Event) {
	for _, changed := range changes(genuine.Request) {
		req := genuine
		req.Request = changed
		result, err := run.account.ParseReturn(run.ctx, req)
		if err != nil {
			run.calm(err, "a return with one byte changed")
			continue
		}

		// Without a signature a return is only a hint, whatever it says.
		verified := result.Verification == sdk.VerifiedBySignature
		if verified && !reflect.DeepEqual(result.Events, events) {
			run.fatal(
				"a return with one byte changed verifies and says something else: %q",
				changed.Query,
			)
		}
	}
}

func returnJunk(run *caseRun) {
	for _, request := range junk() {
		result, err := run.account.ParseReturn(run.ctx, sdk.ParseReturnRequest{
			Request: request,
			Scope:   sdk.ScopeOpen,
		})
		if err != nil {
			run.calm(err, "a return that is junk")
		} else if result.Verification != sdk.NotVerified {
			run.fail("a return that is junk is verified by %q: query %.200q",
				result.Verification, request.Query)
		}
	}
}
