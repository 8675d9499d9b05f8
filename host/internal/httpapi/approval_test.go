package httpapi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// Over HTTP the two names are those of two tokens: the shop's payout waits, the
// shop cannot approve it, and the desk can.
func TestTwoTokensForAPayout(t *testing.T) {
	r := newRig(t)
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}
	r.config.Approval = config.Approval{
		PayoutAbove: []sdk.Money{{Amount: decimal.RequireFromString("10"), Currency: "USD"}},
	}
	shop := r.give("shop", nil, caller.PayoutsWrite, caller.Resolve)
	desk := r.give("desk", nil, caller.Resolve, caller.PayoutsRead)
	do := func(header, method, path, body string) answer {
		return send(t, method, r.URL+path, strings.NewReader(body),
			"Authorization", header, "Idempotency-Key", "k")
	}

	a := do(shop, "POST", "/v1/payouts", payoutBody).want(t, 201, "")
	payout, approval := a.json["id"].(string), a.at("approval.id").(string)
	if a.json["status"] != "created" || a.json["review_reason"] != "approval" ||
		a.at("approval.asked_by") != "shop" {
		t.Errorf("got %s", a.text)
	}
	list := do(desk, "GET", "/v1/approvals?state=pending", "").want(t, 200, "").json["data"].([]any)
	if len(list) != 1 || dig(list[0], "id") != approval || dig(list[0], "amount") != "12.50" {
		t.Errorf("got %v", list)
	}

	a = do(shop, "POST", "/v1/approvals/"+approval+"/approve", "").want(t, 403, "permission")
	if a.json["payment_id"] != payout {
		t.Errorf("got %s", a.text)
	}
	do(desk, "POST", "/v1/approvals/apr_1/approve", "").want(t, 404, "not_found")
	do(desk, "POST", "/v1/approvals/"+approval+"/reject", "{}").want(t, 422, "invalid_request")
	do(desk, "GET", "/v1/approvals?cursor=po_1", "").want(t, 422, "invalid_request")

	a = do(desk, "POST", "/v1/approvals/"+approval+"/approve", `{"reason":"seen"}`).want(t, 200, "")
	if a.json["state"] != "approved" || a.json["decided_by"] != "desk" || a.json["reason"] != "seen" {
		t.Errorf("got %s", a.text)
	}
	a = do(desk, "GET", "/v1/payouts/"+payout, "").want(t, 200, "")
	if a.json["status"] != "succeeded" || a.at("approval") != nil {
		t.Errorf("got %s", a.text)
	}
	do(shop, "POST", "/v1/approvals/"+approval+"/reject", `{"reason":"r"}`).want(t, 409, "conflict")

	log := strings.Join(r.audited(t), "\n")
	for _, line := range []string{
		"shop create-payout " + payout + " done: 12.50 USD; it waits: payouts above 10 USD",
		"shop approve " + approval + " refused: 403 permission",
		"desk approve " + payout + " done: payout " + approval + " of 12.50 USD, asked for by shop: seen",
	} {
		if !strings.Contains(log, line) {
			t.Errorf("the audit log has no %s:\n%s", line, log)
		}
	}
}
