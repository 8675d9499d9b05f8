package httpapi_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// hostile is what a provider or a customer could send to run in an operator's
// browser.
const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>'&lt;`

// history has an hour of calls, with a gap.
func history(now time.Time) payment.ProviderHistory {
	found := payment.ProviderHistory{
		Provider: "acme", Window: "1h", StepSeconds: 60, Since: now.Add(-time.Hour),
	}
	for minute := range 60 {
		doubt := max(0, 12-abs(minute-35))
		point := payment.HistoryPoint{
			At:    now.Add(time.Duration(minute-60) * time.Minute),
			Doubt: &doubt,
		}
		if minute < 10 || minute > 16 {
			share := float64(doubt) / 20
			middle, slow := 80+float64(minute%7)*5, 200+float64(doubt*90+minute%5*20)
			point.Calls = 40 + minute%9
			point.ErrorShare, point.P50, point.P95 = &share, &middle, &slow
		}
		found.Points = append(found.Points, point)
	}
	return found
}

func abs(n int) int { return max(n, -n) }

// seen is a rig with something on every page.
func seen(t *testing.T) *rig {
	t.Helper()
	r := notified(t)
	r.account.Create = redirecting
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return nil, failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
	now := time.Now().Truncate(time.Minute)
	started := now.Add(-time.Hour)
	r.history = history(now)
	r.status = []payment.ProviderStatus{{
		Name: "acme", State: payment.ProviderReady, Plugin: "acme", Version: "1.2.0", Since: started,
		StartedAt: &started, MaxInFlight: 64, Breaker: "closed", Currencies: []string{"USD"},
		Enabled: true, Checksum: strings.Repeat("ab", 32),
	}, {
		Name: "acme-next", State: payment.ProviderQuarantined, Plugin: "acme", Version: "1.3.0",
		Since: now, MaxInFlight: 64, Breaker: "closed", Restarts: 5, Enabled: true,
		LastError: "the plugin ended five times in a minute",
	}}
	return r
}

// The token's scopes decide what is shown: neither a page nor a button that the
// host would refuse.
func TestTheConsoleShowsWhatTheTokenMayDo(t *testing.T) {
	r := seen(t)
	id := r.pay(t, "k1")
	r.give("reader", nil, caller.PaymentsRead)
	page := browse(t)
	page.enter(r.URL, "secret-of-reader", "payments/"+id)
	page.sees("60.00 USD")
	if menu := page.said("#sections"); menu != "Payments" {
		t.Errorf("the menu of a token that reads payments: %q", menu)
	}
	if buttons := page.said(".acts"); buttons != "Refresh" {
		t.Errorf("a token that reads payments has the buttons %q", buttons)
	}
	page.open("audit")
	page.sees("this needs the scope admin")

	page.eval(`document.getElementById("leave").click()`)
	page.enter(r.URL, token, "payments/"+id)
	page.sees("60.00 USD")
	for _, button := range []string{"Refresh", "Cancel", "Resolve"} {
		if !strings.Contains(page.said(".acts"), button) {
			t.Errorf("no %s among %q", button, page.said(".acts"))
		}
	}
	page.eval(`document.getElementById("leave").click()`)
	page.enter(r.URL, "wrong", "payments")
	page.sees("This is not one of the tokens.")
}

// What an operator does in the console is what the host then has, with the
// reason, and Esc does nothing.
func TestTheConsoleActs(t *testing.T) {
	r := seen(t)
	r.account.Cancel = func(context.Context, sdk.CancelPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{Status: sdk.PaymentCanceled}, nil
	}
	id := r.pay(t, "k1")
	page := browse(t)
	page.enter(r.URL, token, "payments/"+id)

	page.push("Cancel")
	page.sees("acme is told to give up the payment of 60.00 USD at acme (" + id + ", order-47).")
	page.picture("cancel")
	page.press("Escape")
	page.until(`!document.querySelector("dialog")`)
	if focus := page.eval(`document.activeElement.textContent`); focus != "Cancel" {
		t.Errorf("after Esc the focus is on %q", focus)
	}
	if a := r.call(t, "GET", "/v1/payments/"+id, ""); a.at("status") != "requires_action" {
		t.Fatalf("Esc has done something: %s", a.text)
	}

	page.push("Cancel")
	page.until(`document.activeElement?.name === "reason"`)
	page.types("asked for by the customer")
	page.press("Enter")
	page.sees(id + " is canceled.")
	page.until(`document.querySelector("main h1").innerText.includes("canceled")`)
	if a := r.call(t, "GET", "/v1/payments/"+id, ""); a.at("status") != "canceled" {
		t.Errorf("the payment is %s", a.text)
	}

	// A decision has to have a reason: the browser does not send it without one.
	page.push("Resolve")
	page.sees("Nothing is sent to the provider")
	page.push("Record that it is failed")
	if open := page.eval(`String(Boolean(document.querySelector("dialog[open] :invalid")))`); open != "true" {
		t.Error("a decision without a reason is not stopped")
	}
	page.fill("status", "succeeded")
	page.fill("reason", "seen in their back office")
	page.push("Record that it is succeeded")
	page.sees(id + " is succeeded.")
	page.sees("seen in their back office")

	page.open("providers/acme")
	page.push("Pause")
	page.fill("what", "payouts")
	page.fill("reason", "doubts")
	page.sees("acme takes no new payouts and operations that move money from now on, on every host")
	page.push("Pause new payouts and operations that move money")
	page.sees("payouts by operator (api): doubts")
	page.push("Resume")
	page.push("Resume new payouts and operations that move money")
	page.sees("acme was resumed.")
	page.until(`!document.querySelector("main").innerText.includes("doubts")`)

	page.open("audit")
	page.sees("resolve-payment")
	page.push("Verify all hashes")
	page.sees("rows are as they were written")
	page.picture("audit")
}

// A refund whose answer was lost is repeated under its key: the money goes back
// once.
func TestTheConsoleRepeatsUnderTheSameKey(t *testing.T) {
	r := seen(t)
	r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "theirs", Status: sdk.PaymentSucceeded}, nil
	}
	refunds := 0
	r.account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
		refunds++
		return &sdk.Refund{ProviderReference: "back", Status: sdk.RefundSucceeded}, nil
	}
	id := r.pay(t, "k1")
	page := browse(t)
	page.enter(r.URL, token, "payments/"+id)
	page.push("Refund")
	page.fill("amount", "20.00")
	page.fill("reason", "broken")

	// The request arrives, its answer does not.
	page.eval(`{ const real = fetch; let lost = false; window.fetch = async (...all) => {
		const answer = await real(...all);
		if (all[1]?.method === "POST" && !lost) { lost = true; throw new TypeError("gone"); }
		return answer; }; }`)
	page.push("Refund 20.00 USD")
	page.sees("repeats the same request under the same key")
	page.push("Refund 20.00 USD")
	page.sees("of 20.00 USD is succeeded.")
	if refunds != 1 {
		t.Errorf("the provider was sent %d refunds", refunds)
	}
	list := r.call(t, "GET", "/v1/payments/"+id+"/refunds", "").json["data"].([]any)
	if len(list) != 1 {
		t.Errorf("there are %d refunds", len(list))
	}
}

// Whoever has asked for something does not approve it: another name does.
func TestTheConsoleApproves(t *testing.T) {
	r := seen(t)
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{ProviderReference: "p", Status: sdk.PayoutSucceeded}, nil
	}
	r.give("first", nil, caller.PayoutsWrite, caller.Resolve)
	r.give("second", nil, caller.PayoutsRead, caller.Resolve)
	changed := *r.config
	changed.Approval = config.Approval{PayoutAbove: []sdk.Money{{Amount: decimal.NewFromInt(10), Currency: "USD"}}}
	r.config = &changed
	made := send(t, "POST", r.URL+"/v1/payouts", strings.NewReader(payoutBody),
		"Authorization", "Bearer secret-of-first", "Idempotency-Key", "k").want(t, 201, "")
	id := made.json["id"].(string)

	page := browse(t)
	page.enter(r.URL, "secret-of-first", "approvals")
	page.sees("Withdraw")
	if strings.Contains(page.said("main"), "Approve") {
		t.Error("who asked for it is offered to approve it")
	}
	page.eval(`document.getElementById("leave").click()`)
	page.enter(r.URL, "secret-of-second", "approvals")
	page.push("Approve")
	page.sees("is sent to the provider at once")
	page.push("Approve and send 12.50 USD")
	page.sees(id + " was approved.")
	if a := r.call(t, "GET", "/v1/payouts/"+id, ""); a.at("status") != "succeeded" {
		t.Errorf("the payout is %s", a.text)
	}
}

// Whatever a provider, a customer or a service sends is text: nothing of it
// becomes an element, whichever field it stands in.
func TestNothingShownBecomesMarkup(t *testing.T) {
	r := seen(t)
	r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, &sdk.Error{
			Code: sdk.CodeDeclined, Outcome: sdk.OutcomeRefused, Message: hostile,
			ProviderCode: hostile, ProviderMessage: hostile,
		}
	}
	body := `{"provider":"acme","amount":"60.00","currency":"USD","merchant_reference":X,` +
		`"description":X,"method":X,"metadata":{"<b>k</b>":X},"customer":{"id":X}}`
	made := r.call(t, "POST", "/v1/payments", strings.ReplaceAll(body, "X", quoted(hostile)),
		"Idempotency-Key", hostile).want(t, 201, "")
	id := made.json["id"].(string)
	r.call(t, "POST", "/v1/payments/"+id+"/resolve",
		`{"status":"succeeded","reason":`+quoted(hostile)+`,"provider_reference":`+quoted(hostile)+`}`).
		want(t, 200, "")
	r.call(t, "POST", "/v1/payouts", `{"provider":"acme","amount":"1","currency":"USD","recipient":{"name":`+
		quoted(hostile)+`}}`, "Idempotency-Key", "p").want(t, 201, "")
	r.call(t, "POST", "/v1/providers/acme/pause", `{"reason":`+quoted(hostile)+`}`).want(t, 200, "")
	send(t, "POST", r.URL+"/webhooks/acme?q="+"%3Cscript%3E", strings.NewReader(hostile), "X-Said", hostile)
	hook := r.webhooks(t, "")[0]["id"].(string)
	r.status[0].LastError, r.status[0].Version = hostile, hostile
	r.status[0].Warnings, r.status[0].Description = []string{hostile}, hostile
	r.waiting = payment.Attention{
		Data: []payment.AttentionItem{{
			Kind: payment.AttentionKind(hostile), ID: hostile, Provider: hostile,
			Summary: hostile, Do: []string{hostile},
		}},
		More: []payment.AttentionKind{payment.AttentionKind(hostile)},
	}

	page := browse(t)
	page.enter(r.URL, token, "payments")
	page.sees("<script>")
	for _, at := range []string{
		"payments/" + id, "payments?merchant_reference=%3Cimg%20src%3Dx%3E", "payouts", "webhooks",
		"webhooks/" + hook, "providers", "providers/acme", "versions", "audit", "attention",
		"events", "dead-letters", "approvals", "search?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
		"%3Cscript%3Ealert(1)%3C%2Fscript%3E", "payments/%3Cscript%3E",
	} {
		page.open(at)
		markup := page.eval(`String(document.querySelectorAll("main img, main script, main b, main iframe, header img").length)`)
		if markup != "0" {
			t.Errorf("%s: %s elements of what was sent: %s", at, markup, page.said("main"))
		}
	}

	page.open("payments/" + id)
	page.push("Resolve")
	page.sees("<img src=x")
	if page.eval(`String(document.querySelectorAll("dialog img, dialog script").length)`) != "0" {
		t.Error("a question has elements of what was sent")
	}
}

// The pages can be used by keys alone, and fit a narrow window.
func TestTheConsoleByKeysOnNarrowAndDarkScreens(t *testing.T) {
	r := seen(t)
	first := r.pay(t, "k1")
	r.pay(t, "k2")
	r.call(t, "POST", "/v1/payouts", payoutBody, "Idempotency-Key", "p").want(t, 201, "")
	r.waiting = payment.Attention{Data: []payment.AttentionItem{{
		Kind: payment.AttentionUnknown, ID: first, Provider: "acme", Since: time.Now().Add(-time.Hour),
		Summary: "it is not known whether 60.00 USD was paid",
		Do:      []string{"payhost payments show " + first + " --refresh"},
	}}}
	page := browse(t)
	page.enter(r.URL, token, "attention")
	page.sees("payhost payments show")
	page.picture("attention")
	page.press("g", "p")
	page.until(`document.querySelectorAll("main tbody tr").length === 2`)
	page.picture("payments")
	page.press("j", "j")
	page.press("Enter")
	page.until(`document.querySelector("main h1").innerText.includes("60.00 USD")`)
	page.sees(first)
	page.picture("payment")

	page.press("/")
	page.until(`document.activeElement.id === "query"`)
	page.types("k1")
	page.press("Enter")
	page.sees("Found for")
	page.sees("key")
	page.press("Escape")
	page.press("?")
	page.sees("next and previous row")
	page.press("Escape")
	page.until(`!document.querySelector("dialog")`)

	page.open("providers/acme")
	page.until(`document.querySelectorAll("figure canvas").length === 4`)
	page.picture("provider")
	page.size(1280, 900, true)
	page.open("versions")
	page.open("providers/acme")
	page.until(`document.querySelectorAll("figure canvas").length === 4`)
	page.picture("provider-dark")
	page.open("versions")
	page.picture("versions-dark")

	page.size(390, 800, false)
	for _, at := range []string{"payments", "payments/" + first, "providers/acme", "attention", "audit", "versions"} {
		page.open(at)
		if strings.HasPrefix(at, "providers/") {
			page.until(`document.querySelectorAll("figure canvas").length === 4`)
		}
		page.picture("narrow-" + strings.Split(at, "/")[0])
		wide := page.eval(`String(document.documentElement.scrollWidth - innerWidth)`)
		if wide != "0" {
			t.Errorf("%s is %s pixels wider than a narrow window", at, wide)
		}
	}
}

// Payments are found by each of their names, several statuses at once, and along
// the time by amount and customer.
func TestPaymentsAreFoundByWhateverIsKnownOfThem(t *testing.T) {
	r := newRig(t)
	r.account.Create = redirecting
	create := func(reference, amount, email string) string {
		body := `{"provider":"acme","amount":` + quoted(amount) + `,"currency":"USD","merchant_reference":` +
			quoted(reference) + `,"customer":{"email":` + quoted(email) + `}}`
		return r.call(t, "POST", "/v1/payments", body, "Idempotency-Key", "key-"+reference).
			want(t, 201, "").json["id"].(string)
	}
	one, two := create("a", "60.00", "a@b.example"), create("b", "61.50", "c@d.example")
	r.call(t, "POST", "/v1/payments/"+two+"/resolve", `{"status":"failed","reason":"no"}`).want(t, 200, "")
	since := "created_from=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)

	for query, want := range map[string]string{
		"provider_reference=theirs-a":                               one,
		"provider_reference=theirs":                                 "",
		"idempotency_key=key-b":                                     two,
		"idempotency_key=key-b&provider_reference=theirs-a":         "",
		"status=failed&status=requires_action":                      two + one,
		"status=failed&status=failed":                               two,
		"status=succeeded&status=failed&limit=1":                    two,
		"status=failed&merchant_reference=a":                        "",
		"amount=60&" + since:                                        one,
		"amount=60":                                                 one,
		"currency=USD&limit=1":                                      two,
		"amount=60.00&currency=EUR&" + since:                        "",
		"customer=c@d.example&" + since:                             two,
		"customer=d.example&" + since:                               "",
		"customer=a@b.example&provider_reference=theirs-a&" + since: one,
	} {
		got := ""
		for _, found := range r.call(t, "GET", "/v1/payments?"+query, "").want(t, 200, "").json["data"].([]any) {
			got += found.(map[string]any)["id"].(string)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}

	for _, query := range []string{"amount=-1", "amount=1e3", "status=paid"} {
		r.call(t, "GET", "/v1/payments?"+query, "").want(t, 422, "invalid_request")
	}
}

func TestTheChartsAreThoseOfTheirOrigin(t *testing.T) {
	r := newRig(t)
	origin, err := os.ReadFile("console/uplot/ORIGIN.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"uPlot.iife.min.js", "uPlot.min.css"} {
		sum := sha256.Sum256([]byte(send(t, "GET", r.URL+"/console/uplot/"+name, nil).text))
		if !strings.Contains(string(origin), hex.EncodeToString(sum[:])) {
			t.Errorf("ORIGIN.md does not name %s: %x", name, sum)
		}
	}
	licence := send(t, "GET", r.URL+"/console/uplot/LICENSE.txt", nil).text
	if !strings.Contains(licence, "The MIT License") {
		t.Errorf("no licence: %s", licence)
	}
}
