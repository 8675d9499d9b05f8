package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// webhook is the signed result of a payment. [doc]
type webhook struct {
	success                                    bool
	transactionID, orderID, message, signature string
}

// webhookOf returns the result of a payment that has one, signed with key.
func webhookOf(e ledger.Entry, key string) webhook {
	made := webhook{
		success:       e.Status == statusPaid,
		transactionID: e.ID,
		orderID:       e.OrderID,
		message:       "Payment done",
	}
	if !made.success {
		made.message = "Payment cancelled by user / auto canceled"
	}

	made.signature = sign(key, "{"+made.fields()+"}")
	return made
}

// fields are what PHP's json_encode prints between the braces: the signed text.
func (w webhook) fields() string {
	return fmt.Sprintf(`"success":%t,"transaction_id":%s,"order_id":%s,"message":%s`,
		w.success, phpID(w.transactionID), phpID(w.orderID), phpString(w.message))
}

func (w webhook) json() string { return "{" + w.fields() + `,"signature":"` + w.signature + `"}` }

// form returns the same fields without JSON's types. truth is how a boolean is
// written, for true and for false.
func (w webhook) form(truth [2]string) string {
	success := truth[1]
	if w.success {
		success = truth[0]
	}
	return url.Values{
		"success": {success}, "transaction_id": {w.transactionID}, "order_id": {w.orderID},
		"message": {w.message}, "signature": {w.signature},
	}.Encode()
}

// The ways to write a boolean in a form: that of PHP's http_build_query, and
// the words.
var (
	digits = [2]string{"1", "0"}
	words  = [2]string{"true", "false"}
)

func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// phpID prints an id as the document's examples do: a number when it can be
// one.
func phpID(id string) string {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil &&
		strconv.FormatInt(n, 10) == id {
		return id
	}
	return phpString(id)
}

// phpString prints a string as json_encode does: slashes escaped, and
// everything beyond ASCII.
func phpString(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	quoted := strings.ReplaceAll(strings.TrimSuffix(out.String(), "\n"), "/", `\/`)
	out.Reset()

	for _, r := range quoted {
		if r < 0x80 {
			out.WriteRune(r)
			continue
		}

		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}

	return out.String()
}

// Settle makes the customer pay every open payment with this order_id. A payout
// is final at once.
func (s *Simulator) Settle(orderID string) {
	for _, e := range s.OfOrder(ledger.Payment, orderID) {
		s.settle(e.ID, statusPaid)
	}
}

// settle ends an open payment, and returns it as it then is.
func (s *Simulator) settle(id, status string) ledger.Entry {
	e, _ := s.Ledger().Change(ledger.Payment, id, func(e *ledger.Entry) {
		if e.Status == statusInReview {
			e.Status, e.Moved = status, status == statusPaid
		}
	})
	return e
}

// Webhooks returns what may come from server to server: the document does not
// say in which form.
func (s *Simulator) Webhooks(orderID string) []sdk.HTTPRequest {
	var list []sdk.HTTPRequest
	for _, e := range s.OfOrder(ledger.Payment, orderID) {
		if e.Status == statusInReview {
			continue
		}
		made := webhookOf(e, s.secretKey)
		list = append(list,
			sim.Posted("application/json", made.json()),
			sim.Posted("application/x-www-form-urlencoded", made.form(digits)),
			sim.Got(made.form(words)))
	}

	return list
}

// Returns returns what the customer's browser may come back with.
func (s *Simulator) Returns(orderID string) []sdk.HTTPRequest {
	var list []sdk.HTTPRequest
	for _, e := range s.OfOrder(ledger.Payment, orderID) {
		if e.Status == statusInReview {
			continue
		}
		made := webhookOf(e, s.secretKey)
		list = append(list, sim.Got(made.form(digits)), sim.Got(made.form(words)),
			sim.Posted("application/x-www-form-urlencoded", made.form(digits)))
	}

	return list
}
