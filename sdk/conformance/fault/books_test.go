package fault_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

func TestBooks(t *testing.T) {
	var b fault.Books
	entry := fault.Entry{Kind: fault.Payout, ID: "A1X9T3", Recipient: "client@email.com", Amount: decimal.RequireFromString("12.50"), Currency: "USD"}
	if !b.Add(entry) || b.Add(entry) {
		t.Error("the first must be entered, its repeat must not")
	}
	entry.Kind, entry.Details = fault.Payment, map[string]string{"product": "Sample"}
	if !b.Add(entry) {
		t.Error("another kind has ids of its own")
	}
	entry.Details["product"] = "changed outside"
	if _, found := b.Change(fault.Payment, "A1X9T3", func(e *fault.Entry) { e.Status, e.Moved = "1", true }); !found {
		t.Error("not found")
	}
	got, _ := b.Find(fault.Payment, "A1X9T3")
	if got.Status != "1" || !got.Moved || got.Details["product"] != "Sample" {
		t.Errorf("got %+v", got)
	}
	got.Details["product"] = "changed outside"
	if list := b.Entries(); len(list) != 2 || list[0].Kind != fault.Payout || list[1].Details["product"] != "Sample" {
		t.Errorf("got %+v", list)
	}
	if _, found := b.Find(fault.Payment, "other"); found {
		t.Error("found what is not there")
	}
}

// A payout's key is claimed once, however many ask at the same time.
func TestBooksClaimOnce(t *testing.T) {
	var b fault.Books
	var entered atomic.Int32
	var group sync.WaitGroup
	for n := range 200 {
		group.Go(func() {
			if b.Add(fault.Entry{Kind: fault.Payout, ID: strconv.Itoa(n % 10)}) {
				entered.Add(1)
			}
		})
	}
	group.Wait()
	if entered.Load() != 10 || len(b.Entries()) != 10 {
		t.Errorf("entered %d, listed %d, want 10", entered.Load(), len(b.Entries()))
	}
}

func TestBooksHandler(t *testing.T) {
	var b fault.Books
	ask := func(method string) (int, string) {
		w := httptest.NewRecorder()
		b.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/", nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	if status, text := ask(http.MethodGet); status != 200 || text != `{"entries":[]}` {
		t.Errorf("got %d %s", status, text)
	}
	b.Add(fault.Entry{Kind: fault.Payout, ID: "1", OrderID: "po_1", Recipient: "a@b", Amount: decimal.RequireFromString("0.10"), Currency: "USD", Status: "success", Moved: true})
	want := `{"entries":[{"kind":"payout","id":"1","order_id":"po_1","recipient":"a@b","amount":"0.1","currency":"USD","status":"success","moved":true}]}`
	if status, text := ask(http.MethodGet); status != 200 || text != want {
		t.Errorf("got %d %s", status, text)
	}
	if status, _ := ask(http.MethodPost); status != 405 {
		t.Errorf("got %d", status)
	}
}
