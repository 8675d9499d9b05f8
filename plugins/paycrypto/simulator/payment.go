package simulator

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The statuses of orders. [doc]
const (
	StatusPending    = "0"
	StatusSuccess    = "1"
	StatusConfirming = "2"
	StatusAbnormal   = "3"
	StatusFailed     = "4"
	StatusCanceled   = "5"
	StatusExpired    = "6"
	StatusRefunding  = "7"
	StatusRefunded   = "8"
	StatusNoRefund   = "9"
)

// currencies are the document's examples. The limits are for all of them, and
// are no amounts that can be paid.
var (
	currencies         = []string{"USD", "USDT", "USDT-BEP20", "USDT-TRC20", "USDT-SPL"}
	minLimit, maxLimit = json.Number("1.000000"), json.Number("10000.000000")
)

var badRequest = refusal{111001, "Request parameter error"}

// createPayment enters an order, unless there is one with its cust_order_id.
// [seen]
func (s *Simulator) createPayment(r *http.Request, body map[string]any) (any, refusal) {
	text := func(key string) string {
		value, _ := body[key].(string)
		return value
	}

	e, no := order(text, body)
	if no != (refusal{}) {
		return nil, no
	}
	// Two calls at once with the same cust_order_id make one order.
	s.entering.Lock()
	defer s.entering.Unlock()

	if _, taken := s.find("", e.OrderID); taken {
		return nil, refusal{117008, "The order already exists"}
	}
	e = s.Enter(e, newID)

	return map[string]any{
		"order_id": e.ID, "redirect_url": s.Base(r) + "/?id=" + e.ID, "create_time": json.Number(e.Details["create_time"]),
	}, refusal{}
}

// order returns the entry that a request asks for. Only texts, one number and
// one object of texts are understood.
func order(text func(string) string, body map[string]any) (ledger.Entry, refusal) {
	for key, value := range body {
		_, isText := value.(string)
		_, isNumber := value.(json.Number)
		customer, isObject := value.(map[string]any)
		_, hasEmail := customer["notify_email"].(string)

		switch key {
		case "currency",
			"amount",
			"cust_order_id",
			"return_url",
			"notify_url",
			"company_name",
			"company_email":
			if !isText {
				return ledger.Entry{}, badRequest
			}

		case "expire":
			if !isNumber {
				return ledger.Entry{}, refusal{111004, "The time format is incorrect."}
			}
		case "customer":
			if !isObject || !hasEmail {
				return ledger.Entry{}, badRequest
			}

		default:
			return ledger.Entry{}, badRequest
		}
	}

	amount, err := decimal.NewFromString(text("amount"))
	least, most := decimal.RequireFromString(
		minLimit.String(),
	), decimal.RequireFromString(
		maxLimit.String(),
	)

	switch {
	case len(text("amount")) > 30 || err != nil || !amount.GreaterThan(least) || !amount.LessThan(most),
		text(
			"cust_order_id",
		) == "",
		text("return_url") != "" && !sim.IsURL(text("return_url")),
		text("notify_url") != "" && !sim.IsURL(text("notify_url")):
		return ledger.Entry{}, badRequest
	case !slices.Contains(currencies, text("currency")):
		return ledger.Entry{}, refusal{111002, "This currency is not supported."}
	}

	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	return ledger.Entry{
		Kind:     ledger.Payment,
		OrderID:  text("cust_order_id"),
		Amount:   amount,
		Currency: text("currency"),
		Status:   StatusPending,
		Details: map[string]string{
			"return_url": text(
				"return_url",
			), "notify_url": text("notify_url"), "company_name": text("company_name"),
			"create_time": now, "update_time": now,
		},
	}, refusal{}
}

// newID looks like the document's examples.
func newID() string {
	return "p" + time.Now().
		UTC().
		Format("060102150405") +
		fmt.Sprintf("%05d", rand.IntN(100_000)) //nolint:gosec // ids are no secrets
}

// find looks for an order by its id or its cust_order_id; what is empty does
// not count.
func (s *Simulator) find(id, custOrderID string) (ledger.Entry, bool) {
	for _, e := range s.Ledger().Entries() {
		if (id == "" || e.ID == id) && (custOrderID == "" || e.OrderID == custOrderID) {
			return e, id+custOrderID != ""
		}
	}
	return ledger.Entry{}, false
}

// SetStatus does what the provider's people do on demand [doc]: it sets an
// order's status, and its webhook is sent.
func (s *Simulator) SetStatus(
	id, status, reason string,
) {
	s.change(id, status, reason, false)
}

// change returns an order another status, unless it is to be open for that and
// is not.
func (s *Simulator) change(id, status, reason string, open bool) ledger.Entry {
	changed := false
	e, _ := s.Ledger().Change(ledger.Payment, id, func(entry *ledger.Entry) {
		if changed = !open || entry.Status == StatusPending; changed {
			entry.Status, entry.Moved = status, entry.Moved || status == StatusSuccess
			entry.Details["reason"], entry.Details["update_time"] = reason, strconv.FormatInt(
				time.Now().UnixMilli(),
				10,
			)
		}
	})

	if changed {
		s.push(e)
	}

	return e
}

// Settle makes the customer pay an open order with this cust_order_id.
func (s *Simulator) Settle(custOrderID string) {
	if e, found := s.find("", custOrderID); found {
		s.change(e.ID, StatusSuccess, "Approved", true)
	}
}

func (s *Simulator) queryLimits(*http.Request, map[string]any) (any, refusal) {
	return map[string]any{
		"cust_name": "Simulated Limited", "min_limit": minLimit, "max_limit": maxLimit, "fiat_list": currencies[:1],
	}, refusal{}
}

// queryOrders finds one order by its number, wrapped twice, or returns a page of
// many. [doc]
func (s *Simulator) queryOrders(r *http.Request, _ map[string]any) (any, refusal) {
	query := r.URL.Query()
	if query.Get("order_id")+query.Get("cust_order_id") != "" {
		e, found := s.find(query.Get("order_id"), query.Get("cust_order_id"))
		if !found {
			return nil, refusal{111003, "This order does not exist."}
		}
		return envelope(page([]ledger.Entry{e}, 1, 10)), refusal{}
	}

	from, errFrom := strconv.ParseInt(query.Get("start_time"), 10, 64)
	to, errTo := strconv.ParseInt(query.Get("end_time"), 10, 64)

	switch {
	case errFrom != nil || errTo != nil:
		return nil, refusal{111004, "The time format is incorrect."}
	case to < from || time.Duration(to-from)*time.Millisecond >= 28*24*time.Hour: // the shortest month
		return nil, badRequest
	}

	var list []ledger.Entry
	for _, e := range slices.Backward(s.Ledger().Entries()) {
		at, _ := strconv.ParseInt(e.Details["create_time"], 10, 64)
		if at >= from && at <= to && fits(query.Get("currency"), e.Currency) &&
			fits(query.Get("status"), e.Status) {
			list = append(list, e)
		}
	}

	number, size := 1, 10 // [doc]
	if n, err := strconv.Atoi(query.Get("page_num")); err == nil {
		number = max(n, 1)
	}
	if n, err := strconv.Atoi(query.Get("page_size")); err == nil {
		size = min(max(n, 1), maxPage)
	}

	return page(list, number, size), refusal{}
}

// maxPage is small, so that a list soon has several pages. [decided]
const maxPage = 3

func fits(
	filter, value string,
) bool {
	return filter == "" || strings.EqualFold(filter, value)
}

// page returns one page of a list.
func page(list []ledger.Entry, number, size int) map[string]any {
	pages := (len(list) + size - 1) / size
	first := min((number-1)*size, len(list))
	records := []map[string]any{}
	for _, e := range list[first:min(first+size, len(list))] {
		records = append(records, record(e))
	}

	return map[string]any{
		"page_num":  number,
		"page_size": size,
		"total":     len(list),
		"pages":     pages,
		"records":   records,
	}
}

// record is an order as queries show it. The customer pays in USDT, at par.
func record(entry ledger.Entry) map[string]any {
	paidCurrency, paid := "", "0"
	if entry.Moved {
		paidCurrency, paid = "USDT", entry.Amount.String()
	}

	return map[string]any{
		"currency": entry.Currency, "amount": entry.Amount.String(), "paid_currency": paidCurrency, "paid_amount": paid,
		"order_id": entry.ID, "cust_order_id": entry.OrderID, "currency_rate": "0", "reason": entry.Details["reason"],
		"status": json.Number(
			entry.Status,
		), "create_time": json.Number(entry.Details["create_time"]),
		"update_time": json.Number(entry.Details["update_time"]),
	}
}
