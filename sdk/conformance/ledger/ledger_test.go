package ledger_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
)

func TestLedger(t *testing.T) {
	var l ledger.Ledger
	entry := ledger.Entry{
		Kind:      ledger.Payout,
		ID:        "A1X9T3",
		Recipient: "client@email.com",
		Amount:    decimal.RequireFromString("12.50"),
		Currency:  "USD",
	}
	if !l.Add(entry) || l.Add(entry) {
		t.Error("the first must be entered, its repeat must not")
	}

	entry.Kind, entry.Details = ledger.Payment, map[string]string{"product": "Sample"}
	if !l.Add(entry) {
		t.Error("another kind has ids of its own")
	}
	entry.Details["product"] = "changed outside"
	if _, found := l.Change(ledger.Payment, "A1X9T3", func(e *ledger.Entry) { e.Status, e.Moved = "1", true }); !found {
		t.Error("not found")
	}

	got, _ := l.Find(ledger.Payment, "A1X9T3")
	if got.Status != "1" || !got.Moved || got.Details["product"] != "Sample" {
		t.Errorf("got %+v", got)
	}
	got.Details["product"] = "changed outside"
	if list := l.Entries(); len(list) != 2 || list[0].Kind != ledger.Payout ||
		list[1].Details["product"] != "Sample" {
		t.Errorf("got %+v", list)
	}

	if _, found := l.Find(ledger.Payment, "other"); found {
		t.Error("found what is not there")
	}
}

// A payout's key is claimed once, however many ask at the same time.
func TestLedgerClaimOnce(t *testing.T) {
	var l ledger.Ledger
	var entered atomic.Int32
	var group sync.WaitGroup

	for n := range 200 {
		group.Go(func() {
			if l.Add(ledger.Entry{Kind: ledger.Payout, ID: strconv.Itoa(n % 10)}) {
				entered.Add(1)
			}
		})
	}

	group.Wait()
	if entered.Load() != 10 || len(l.Entries()) != 10 {
		t.Errorf("entered %d, listed %d, want 10", entered.Load(), len(l.Entries()))
	}
}

func TestLedgerHandler(t *testing.T) {
	var l ledger.Ledger
	ask := func(method string) (int, string) {
		w := httptest.NewRecorder()
		l.Handler().
			ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/", nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	if status, text := ask(http.MethodGet); status != 200 || text != `{"entries":[]}` {
		t.Errorf("got %d %s", status, text)
	}

	l.Add(
		ledger.Entry{
			Kind:      ledger.Payout,
			ID:        "1",
			OrderID:   "po_1",
			Recipient: "a@b",
			Amount:    decimal.RequireFromString("0.10"),
			Currency:  "USD",
			Status:    "success",
			Moved:     true,
		},
	)

	want := `{"entries":[{"kind":"payout","id":"1","order_id":"po_1","recipient":"a@b","amount":"0.1","currency":"USD","status":"success","moved":true}]}`
	if status, text := ask(http.MethodGet); status != 200 || text != want {
		t.Errorf("got %d %s", status, text)
	}
	if status, _ := ask(http.MethodPost); status != 405 {
		t.Errorf("got %d", status)
	}
}
