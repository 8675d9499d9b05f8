package simulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// additionalData is the signed part of a postback, as PHP prints it. [seen]
func additionalData(entry ledger.Entry, escaped bool) string {
	text := func(s string) string { return phpString(s, escaped) }
	id := entry.ID
	kind := "0"
	orderID := entry.OrderID
	withdrawalID := "null"
	status := "null"
	if entry.Kind == ledger.Payout {
		id = ""
		kind = "null"
		orderID = ""
		withdrawalID = text(entry.OrderID)
		status = entry.Status
	}

	return fmt.Sprintf(
		`[{"activated_datetime":%s,"exchanger_identifier":"","comment":%s,"amount":"%s","currency_code":%s,`+
			`"wallet_type":%s,"stockpiling_id":null,"transaction_id":"%s","transaction_type":%s,"plugin_custom_order_id":%s,`+
			`"withdrawal_id":%s,"withdrawal_status":%s,"account_number":%s,"account_name":%s,"account_email":%s,`+
			`"bank_details":{"bank_code":null,"branch_code":null}}]`,
		text(
			entry.Details["activated"],
		),
		text("pagó / оплата 😀"),
		entry.Amount,
		text(entry.Currency),
		text(entry.Details["system"]+"_api"),
		id,
		kind,
		text(orderID),
		withdrawalID,
		status,
		text(
			entry.Details["account_number"],
		),
		text(entry.Details["account_name"]),
		text(entry.Details["account_email"]),
	)
}

// postback is the whole of one; outside of what is signed, the amount is
// rounded. [doc]
func (s *Simulator) postback(entry ledger.Entry, keys string, escaped bool) string {
	text := func(s string) string { return phpString(s, escaped) }
	direction := "ingoing"
	if entry.Kind == ledger.Payout {
		direction = "outgoing"
	}

	signature := ""
	if keys != "" {
		signature = `"signature":"` + sign(keys, additionalData(entry, false)) + `",`
	}

	return fmt.Sprintf(
		`{%s"wallet_type":%s,"amount":%s,"currency_code":%s,"label":%s,"converted_amount":{"USD":7.56},`+
			`"direction":"%s","created_datetime":"2023-07-20 08:09:01","additional_data":%s}`,
		signature,
		text(entry.Details["system"]+"_api"),
		entry.Amount.Round(0),
		text(entry.Currency),
		text(entry.Details["label"]),
		direction,
		additionalData(entry, escaped),
	)
}

// told reports whether a postback about the entry was sent.
func told(e ledger.Entry) bool {
	return e.Status == statusPaid || e.Status == statusProcessed ||
		e.Status == statusRejected
}

// Settle makes the customer pay, and the payout be done.
func (s *Simulator) Settle(id string) {
	for _, e := range append(s.OfOrder(ledger.Payment, id), s.OfOrder(ledger.Payout, id)...) {
		s.settle(e, statusPaid)
	}
}

// settle ends what is open, and returns it as it then is. of is how a payment
// ends.
func (s *Simulator) settle(entry ledger.Entry, of string) ledger.Entry {
	entry, _ = s.Ledger().Change(entry.Kind, entry.ID, func(entry *ledger.Entry) {
		switch {
		case entry.Kind == ledger.Payout && entry.Status == statusNew && entry.Details["account_number"] == RejectedAccount:
			entry.Status = statusRejected
		case entry.Kind == ledger.Payout && entry.Status == statusNew:
			entry.Status, entry.Moved = statusProcessed, true
		case entry.Kind == ledger.Payment && (entry.Status == statusOpen || entry.Status == statusProven):
			entry.Status, entry.Moved = of, of == statusPaid
			details := map[string]string{
				"activated": time.Now().UTC().Add(8 * time.Hour).Format(time.DateTime),
			}
			for k, v := range entry.Details {
				details[k] = v
			}

			entry.Details = details
		}
	})

	return entry
}

// finish ends a payment or payout without anybody's doing, where the simulator
// is to act by itself. The answer to the call that made it is not kept waiting.
func (s *Simulator) finish(id string) {
	if !s.SendWebhooks {
		return
	}
	for _, e := range append(s.OfOrder(ledger.Payment, id), s.OfOrder(ledger.Payout, id)...) {
		if !told(e) {
			go s.send(context.Background(), s.settle(e, statusPaid))
		}
	}
}

// maxSends bounds how often a postback is sent again that was not answered with
// ok. A real server goes on for longer.
const maxSends = 3

// send posts a postback to the notify URL.
func (s *Simulator) send(ctx context.Context, e ledger.Entry) {
	if told(e) {
		body := s.postback(e, s.Key(s.accessKey+s.privateKey), true)
		s.Send(ctx, s.NotifyURL(), sim.Posted("application/json", body), maxSends, accepted)
	}
}

// accepted reports whether the postback was answered as it is to be. [seen]
func accepted(resp *http.Response) bool {
	var answer struct {
		Status string `json:"status"`
	}
	err := json.NewDecoder(resp.Body).Decode(&answer)
	return err == nil && resp.StatusCode == http.StatusOK && answer.Status == "ok"
}

// Webhooks returns the postbacks about one of the caller's ids, in both ways in
// which PHP writes JSON.
func (s *Simulator) Webhooks(id string) []sdk.HTTPRequest {
	var list []sdk.HTTPRequest
	for _, entry := range append(s.OfOrder(ledger.Payment, id), s.OfOrder(ledger.Payout, id)...) {
		for _, escaped := range []bool{true, false} {
			if told(entry) {
				list = append(
					list,
					sim.Posted(
						"application/json",
						s.postback(entry, s.accessKey+s.privateKey, escaped),
					),
				)
			}
		}
	}

	return list
}

// last returns the newest entry of an id that a postback was sent about.
func (s *Simulator) last(kind ledger.Kind, id string) (found ledger.Entry, ok bool) {
	for _, e := range s.OfOrder(kind, id) {
		if told(e) {
			found, ok = e, true
		}
	}
	return found, ok
}

// showPostback knows only what is finished.
func (s *Simulator) showPostback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	var entry ledger.Entry
	var found bool

	switch query.Get("type") {
	case "deposit":
		if entry, found = s.last(ledger.Payment, query.Get("custom_id")); !found &&
			query.Get("transaction_id") != "" {
			entry, found = s.Ledger().Find(ledger.Payment, query.Get("transaction_id"))
			found = found && told(entry)
		}
	case "withdrawal":
		entry, found = s.last(ledger.Payout, query.Get("withdrawal_id"))

	default:
		fail(w, wrongField("type", "The selected type is invalid."))
		return
	}

	if !found {
		fail(w, "Postback not found")
		return
	}

	sim.Reply(
		w,
		http.StatusOK,
		map[string]any{
			"status":   "ok",
			"postback": json.RawMessage(s.postback(entry, "", true)),
		},
	)
}

func (s *Simulator) listPostbacks(w http.ResponseWriter, r *http.Request) {
	key := "plugin_custom_order_id"
	list := "transactions"
	kind := ledger.Payment
	if r.URL.Query().Get("type") == "withdrawal" {
		key = "withdrawal_id"
		list = "withdrawals"
		kind = ledger.Payout
	}

	ids := r.URL.Query()[key+"[]"]
	if len(ids) == 0 {
		// [doc]
		fail(
			w,
			wrongField(
				key,
				"The "+strings.ReplaceAll(
					key,
					"_",
					" ",
				)+" field is required when type is deposit.",
			),
		)

		return
	}

	rows := []map[string]any{}
	for _, id := range ids {
		row := map[string]any{key: id, "message": "Postback not found"}
		if e, found := s.last(kind, id); found {
			row = map[string]any{
				key:        id,
				"postback": json.RawMessage(s.postback(e, "", true)),
			}
		}

		rows = append(rows, row)
	}

	sim.Reply(w, http.StatusOK, map[string]any{
		"status": "success", "message": "", "code": 20000, "data": map[string]any{list: rows},
		"paginate": map[string]int{"offset": 0, "total": len(rows), "limit": len(rows)},
	})
}

// numbered is an address, or its hash.
type numbered struct {
	Order int    `json:"order"`
	URL   string `json:"url"`
}

// hashURLs takes plural names and returns singular ones. [doc]
func (s *Simulator) hashURLs(w http.ResponseWriter, r *http.Request) {
	var in map[string][]numbered
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		fail(w, "The request is not valid JSON.")
		return
	}

	out := map[string][]numbered{}
	for _, name := range []string{"success_url", "fail_url", "pending_url"} {
		list, there := in[name+"s"]
		if !there || list == nil {
			fail(w, wrongField(name+"s", "The "+name+"s field is required."))
			return
		}

		out[name] = []numbered{}
		for _, a := range list {
			if u, err := url.Parse(a.URL); err != nil || u.Host == "" {
				fail(w, wrongField(name+"s", "The url format is invalid."))
				return
			}

			digest := sha256.Sum256(
				bytes.Join([][]byte{[]byte(s.secret), []byte(a.URL)}, nil),
			)
			out[name] = append(out[name], numbered{a.Order, hex.EncodeToString(digest[:])})
		}
	}

	if len(in["success_urls"])+len(in["fail_urls"]) == 0 {
		fail(w, wrongField("success_urls", "The success urls field is required."))
		return
	}

	sim.Reply(w, http.StatusOK, map[string]any{"status": "ok", "urls": out})
}
