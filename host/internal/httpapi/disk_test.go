package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/sdk"
	"modernc.org/sqlite"
)

// writers are the connections that write, by what they were opened with: only
// on them can a disk be made full.
var writers sync.Map

func init() {
	sqlite.RegisterConnectionHook(func(c sqlite.ExecQuerierContext, dsn string) error {
		if strings.Contains(dsn, "_txlock=immediate") {
			writers.Store(dsn, c)
		}
		return nil
	})
}

// limit bounds the database's size in pages of 4 KiB. SQLite takes less than
// the present size for the present size.
func (r *rig) limit(t *testing.T, pages int) {
	t.Helper()
	writers.Range(func(dsn, c any) bool {
		if strings.Contains(dsn.(string), r.database) {
			if _, err := c.(sqlite.ExecQuerierContext).ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil); err != nil {
				t.Error(err)
			}
		}
		return true
	})
}

// A full disk: what would have to be recorded is refused with a problem that
// says so, the provider is not called, nothing is half done, what is there can
// be read, and with room again everything goes on, also under the same keys.
func TestAFullDiskIsRefusedAndRecoveredFrom(t *testing.T) {
	r := newRig(t)
	r.account.OnInfo.WebhookTrust, r.account.Webhook = []sdk.WebhookTrust{
		sdk.TrustSignature,
	}, coretest.Parse
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}

	id := r.pay(t, "before")

	// more than fits into the pages that are there
	large := fmt.Sprintf(`"metadata":{%s"z":""}`, manyEntries(40))
	payment := strings.Replace(
		paymentBody,
		`"merchant_reference"`,
		large+`,"merchant_reference"`,
		1,
	)

	payout := strings.Replace(payoutBody, `"recipient"`, large+`,"recipient"`, 1)
	notice, err := json.Marshal(
		map[string]any{
			"Reference":    id,
			"Status":       "succeeded",
			"Verification": sdk.VerifiedBySignature,
			"padding":      strings.Repeat("x", 1<<15),
		},
	)
	if err != nil {
		t.Fatal(err)
	}

	notify := func() int {
		return send(
			t,
			http.MethodPost,
			r.URL+"/webhooks/acme",
			strings.NewReader(string(notice)),
		).status
	}

	r.limit(t, 1)
	calls := r.account.Creates()

	for path, body := range map[string]string{"/v1/payments": payment, "/v1/payouts": payout} {
		for range 2 {
			a := r.call(t, "POST", path, body, "Idempotency-Key", "full-"+path).
				want(t, 503, "storage")
			if detail, _ := a.json["detail"].(string); a.json["outcome"] != "not_sent" ||
				!strings.Contains(detail, "nothing was recorded") ||
				!strings.Contains(detail, "the provider was not called") ||
				!strings.Contains(detail, "full") {
				t.Errorf("the problem does not say what happened: %s", a.text)
			}
		}

		list := r.call(t, "GET", path, "").want(t, 200, "")
		if data, _ := list.json["data"].([]any); len(
			data,
		) != map[string]int{"/v1/payments": 1}[path] {
			t.Errorf("%s has %s", path, list.text)
		}
	}

	if got := r.account.Creates(); got != calls {
		t.Errorf("the provider was called %d times for what was refused", got-calls)
	}
	if got := notify(); got != http.StatusServiceUnavailable {
		t.Errorf(
			"a notice that cannot be stored is answered %d: the provider would not send it again",
			got,
		)
	}

	if a := r.call(t, "GET", "/v1/payments/"+id, "").want(t, 200, ""); a.json["status"] != "requires_action" {
		t.Errorf("the payment that was there: %s", a.text)
	}

	r.limit(t, 1<<20)
	for path, body := range map[string]string{"/v1/payments": payment, "/v1/payouts": payout} {
		a := r.call(t, "POST", path, body, "Idempotency-Key", "full-"+path).want(t, 201, "")
		if a.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s takes what it refused for done", path)
		}
	}

	if got := r.account.Creates(); got != calls+2 {
		t.Errorf("the provider was called %d times, want twice", got-calls)
	}
	if got := notify(); got != http.StatusOK {
		t.Errorf("the notice is answered %d when it is sent again", got)
	}

	if a := r.call(t, "GET", "/v1/payments/"+id, "").want(t, 200, ""); a.json["status"] != "succeeded" {
		t.Errorf("the payment that was there: %s", a.text)
	}
}

// manyEntries gives entries of a JSON object, of half a kilobyte each.
func manyEntries(n int) string {
	var b strings.Builder
	for k := range n {
		fmt.Fprintf(&b, `"key-%d":%q,`, k, strings.Repeat("v", 490))
	}
	return b.String()
}
