package httpapi_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/httpapi"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/sdk"
)

// audited returns the audit log as lines, oldest first.
func (r *rig) audited(t *testing.T) (lines []string) {
	t.Helper()
	cursor := ""
	for {
		a := r.call(t, "GET", "/v1/audit?limit=200&cursor="+cursor, "").want(t, 200, "")
		for _, one := range a.json["data"].([]any) {
			e := one.(map[string]any)
			line := fmt.Sprintf("%s %s %v %s: %v", e["actor"], e["action"], e["subject"], e["outcome"], e["note"])
			lines = append(lines, strings.ReplaceAll(line, "<nil>", "-"))
		}
		next, more := a.json["next_cursor"].(string)
		if !more {
			slices.Reverse(lines)
			return lines
		}
		cursor = next
	}
}

// The log has everything that was done and refused, with who asked, in the order
// in which it happened, and nothing of what was only read.
func TestTheAuditLogHasAllThatWasDoneAndRefused(t *testing.T) {
	r := notified(t)
	r.account.Create = redirecting
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}
	r.account.Cancel = func(context.Context, sdk.CancelPaymentRequest) (*sdk.Payment, error) {
		return nil, failing(sdk.CodeDeclined, sdk.OutcomeRefused)
	}
	r.reload = func(context.Context, bool) httpapi.Reloaded { return httpapi.Reloaded{} }
	header := r.give("shop", nil, caller.PaymentsWrite, caller.PayoutsWrite, caller.Resolve,
		caller.WebhooksWrite, caller.ProvidersOperate)
	key := 0
	do := func(status int, method, path, body string) answer {
		key++
		a := send(t, method, r.URL+path, strings.NewReader(body), "Authorization", header,
			"Idempotency-Key", fmt.Sprint("k", key), "X-Request-Id", fmt.Sprint("req-", key))
		if a.status != status {
			t.Fatalf("%s %s: %d %s", method, path, a.status, a.text)
		}
		return a
	}

	pay := do(201, "POST", "/v1/payments", paymentBody).json["id"].(string)
	out := do(201, "POST", "/v1/payouts", payoutBody).json["id"].(string)
	do(422, "POST", "/v1/payments/"+pay+"/cancel", "{}") // the provider's refusal
	do(403, "POST", "/v1/payments/"+pay+"/refunds", "{}")
	do(200, "POST", "/v1/payments/"+pay+"/resolve", `{"status":"failed","reason":"not in the books"}`)
	do(409, "POST", "/v1/payments/"+pay+"/cancel", "{}")
	do(422, "POST", "/v1/payments", `{}`)
	do(200, "GET", "/v1/payments/"+pay, "")
	do(200, "GET", "/v1/payouts", "")
	do(403, "GET", "/v1/audit", "")

	send(t, "POST", r.URL+"/webhooks/acme", strings.NewReader("nonsense"))
	hook := do(200, "GET", "/v1/webhooks", "").json["data"].([]any)[0].(map[string]any)["id"].(string)
	do(200, "GET", "/v1/webhooks/"+hook, "")
	do(422, "POST", "/v1/webhooks/"+hook+"/replay", "") // it is nonsense still
	do(200, "POST", "/v1/providers/acme/pause", `{"what":"payouts","reason":"doubts"}`)
	do(503, "POST", "/v1/payouts", payoutBody)
	do(200, "POST", "/v1/providers/acme/resume", `{"reason":"they answered"}`)
	do(200, "GET", "/v1/providers/acme", "")
	do(404, "POST", "/v1/payments/pay_1/cancel", "{}")
	send(t, "POST", r.admin.URL+"/v1/token-keys", strings.NewReader(`{"reason":"lost"}`)).want(t, 200, "")
	send(t, "POST", r.admin.URL+"/admin/drain", nil).want(t, 200, "")

	want := []string{
		"shop create-payment " + pay + " done: 60.00 USD",
		"shop create-payout " + out + " done: 12.50 USD",
		"shop cancel-payment " + pay + " done: -",
		"shop create-refund " + pay + " refused: it needs the scope refunds:write",
		"shop resolve-payment " + pay + " done: requires_action to failed by operator shop: not in the books",
		"shop cancel-payment " + pay + " refused: 409 conflict: it is failed: cancel_payment is not possible",
		"shop create-payment - refused: 422: the request is not valid",
		"shop list-audit - refused: it needs the scope admin",
		"shop get-webhook " + hook + " done: -",
		"shop replay-webhook " + hook + " done: -",
		"shop replay-webhook " + hook + " refused: 422 invalid_request: ",
		"shop pause-provider acme done: [payouts] by operator shop: doubts",
		"shop create-payout - refused: 503 paused: ",
		"shop resume-provider acme done: [payments payouts] by operator shop: they answered",
		"shop get-provider acme done: with the URL of its webhooks",
		"admin socket rotate-token-key - done: by operator (admin socket): lost",
		"admin socket drain - done: on",
	}
	got := r.audited(t)
	if len(got) != len(want) {
		t.Fatalf("got %d lines\n%s", len(got), strings.Join(got, "\n"))
	}
	for k := range want {
		if !strings.HasPrefix(got[k], want[k]) {
			t.Errorf("line %d is\n%s, want\n%s", k, got[k], want[k])
		}
	}

	a := r.call(t, "GET", "/v1/audit?actor=admin+socket", "").want(t, 200, "")
	if n := len(a.json["data"].([]any)); n != 2 {
		t.Errorf("%d lines of the admin socket", n)
	}
	a = r.call(t, "GET", "/v1/audit?subject="+out, "").want(t, 200, "")
	first := a.json["data"].([]any)[0].(map[string]any)
	if first["request_id"] != "req-2" || first["provider"] != "acme" || first["hash"] == "" {
		t.Errorf("got %s", a.text)
	}
	r.call(t, "GET", "/v1/audit?cursor=pay_1", "").want(t, 422, "invalid_request")
}

// A token that has expired is known by its name, and its use is recorded; what a
// stranger sends is not.
func TestTheUseOfAnExpiredTokenIsRecorded(t *testing.T) {
	r := newRig(t)
	header := r.give("shop", nil, caller.PaymentsRead)
	r.config.Tokens[0].Expires = time.Now().Add(-time.Second)
	send(t, "GET", r.URL+"/v1/payments", nil, "Authorization", header).want(t, 401, "unauthorized")
	send(t, "GET", r.URL+"/v1/payments", nil, "Authorization", "Bearer wrong").want(t, 401, "unauthorized")
	if got := r.audited(t); len(got) != 1 || got[0] != "shop any - refused: the token has expired" {
		t.Errorf("got %v", got)
	}
}

// A caller who is refused all the time does not fill the log, and how much was
// left out is said. Each caller has a bound of its own.
func TestRefusalsAreBounded(t *testing.T) {
	r := newRig(t)
	loud, quiet := r.give("loud", nil, caller.PaymentsRead), r.give("quiet", nil, caller.PaymentsRead)
	for range 200 {
		send(t, "GET", r.URL+"/v1/payouts", nil, "Authorization", loud).want(t, 403, "permission")
	}
	send(t, "GET", r.URL+"/v1/payouts", nil, "Authorization", quiet).want(t, 403, "permission")

	of := map[string]int{}
	for _, line := range r.audited(t) {
		name, _, _ := strings.Cut(line, " ")
		of[name]++
	}
	if of["loud"] < 60 || of["loud"] > 199 || of["quiet"] != 1 {
		t.Errorf("got %v", of)
	}
}

// A secret that is read leaves a row, or is not shown: so the reading of a
// webhook fails while nothing can be written, and a provider is shown without
// its URL.
func TestASecretIsShownOnlyWithARow(t *testing.T) {
	r := notified(t)
	send(t, "POST", r.URL+"/webhooks/acme", strings.NewReader("nonsense"))
	hook := r.webhooks(t, "")[0]["id"].(string)
	full := coretest.Fault{Refuse: store.ErrUnwritten}
	r.faults.Next(full)
	r.call(t, "GET", "/v1/webhooks/"+hook, "").want(t, 503, "storage")

	r.faults.Next(full)
	a := r.call(t, "GET", "/v1/providers/acme", "").want(t, 200, "")
	if _, there := a.json["webhook_url"]; there {
		t.Errorf("got %s", a.text)
	}
	r.call(t, "GET", "/v1/webhooks/"+hook, "").want(t, 200, "")
}
