package simulator

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

const orderResult = "order_result"

// tries is how often a webhook is sent until it is answered well. [doc] There
// is no pause between them here.
const tries = 5

// event is the text of one event about an order.
func event(id, custOrderID, status, reason string) string {
	raw := make([]byte, 6)
	for i := range raw {
		raw[i] = byte(rand.IntN(256)) //nolint:gosec // ids are no secrets
	}
	text, _ := json.Marshal(map[string]any{
		"id": hex.EncodeToString(raw), "create_time": time.Now().UnixMilli(),
		"params": map[string]any{
			"order_id":      id,
			"cust_order_id": custOrderID,
			"status":        json.Number(status),
			"reason":        reason,
		},
	})

	return string(text)
}

func eventOf(
	e ledger.Entry,
) string {
	return event(e.ID, e.OrderID, e.Status, e.Details["reason"])
}

// webhook is a signed push of events about orders, as it is sent.
func webhook(secret string, events ...string) (body string, header http.Header) {
	return pushOf(secret, orderResult, time.Now(), events...)
}

// pushOf is a signed push of events of any kind, made at any time.
func pushOf(
	secret, action string,
	at time.Time,
	events ...string,
) (body string, header http.Header) {
	list := make([]any, len(events))
	for i, e := range events {
		list[i] = e
	}
	fields := map[string]any{"action": action, "events": list}
	text, _ := json.Marshal(fields)
	made := strconv.FormatInt(at.UnixMilli(), 10)

	return string(text), http.Header{
		"Content-Type": {"application/json"}, "Timestamp": {made},
		"Signature": {sign(secret, made+strings.ToUpper(action)+form(fields))},
	}
}

// push sends a webhook about an order, where webhooks are sent and the order or
// the back office has a URL. [doc]
func (s *Simulator) push(e ledger.Entry) {
	to := cmp.Or(e.Details["notify_url"], s.NotifyURL())
	body, header := webhook(s.Key(s.webhookSecret), eventOf(e))
	s.Send(
		context.Background(),
		to,
		request(http.MethodPost, "", body, header),
		tries,
		wellFormed,
	)
}

// wellFormed reports whether a webhook was answered in the right format,
// whatever the answer. [doc]
func wellFormed(resp *http.Response) bool {
	var answer struct {
		Code *int    `json:"code"`
		Msg  *string `json:"msg"`
	}
	err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&answer)
	return err == nil && answer.Code != nil && answer.Msg != nil
}

// testWebhook sends the document's made-up event to the URL of the back office,
// if it has one.
func (s *Simulator) testWebhook(r *http.Request, _ map[string]any) (any, refusal) {
	to := s.NotifyURL()
	body, header := webhook(
		s.webhookSecret,
		`{"id":"bc76488ddda4","create_time":1585293811000,"params":{"order_id":"123","cust_order_id":"123","status":1}}`,
	)
	if to != "" &&
		!sim.Deliver(
			r.Context(),
			to,
			request(http.MethodPost, "", body, header),
			tries,
			wellFormed,
		) {
		return nil, refusal{111015, "There is an exception in the push communication."}
	}

	return nil, refusal{}
}

// Webhooks returns what is sent about an order that is no longer open: as it
// is, in a batch with another order's, and with white space, which the
// signature does not cover.
func (s *Simulator) Webhooks(custOrderID string) []sdk.HTTPRequest {
	entry, found := s.find("", custOrderID)
	if !found || entry.Status == StatusPending {
		return nil
	}
	var list []sdk.HTTPRequest

	for _, events := range [][]string{{eventOf(entry)}, {event("p0", "other", StatusFailed, "支付失败 <&>"), eventOf(entry)}} {
		body, header := webhook(s.webhookSecret, events...)
		list = append(list, request(http.MethodPost, "", body, header))
	}

	spaced := strings.Replace(string(list[0].Body), `,"events":`, ` , "events" : `, 1)
	return append(list, request(http.MethodPost, "", spaced, list[0].Header))
}

// OddWebhooks are of every kind. The document knows of one action: another
// one's name is made up.
func (s *Simulator) OddWebhooks() map[control.Oddity]func(custOrderIDs ...string) []sdk.HTTPRequest {
	odd := func(action string, age time.Duration) func(...string) []sdk.HTTPRequest {
		return func(custOrderIDs ...string) []sdk.HTTPRequest {
			var events []string
			for _, id := range custOrderIDs {
				if e, found := s.find("", id); found {
					events = append(events, eventOf(e))
				}
			}
			body, header := pushOf(s.webhookSecret, action, time.Now().Add(-age), events...)
			return []sdk.HTTPRequest{request(http.MethodPost, "", body, header)}
		}
	}

	return map[control.Oddity]func(...string) []sdk.HTTPRequest{
		control.Stale: odd(
			orderResult,
			time.Hour,
		), control.UnknownKind: odd("coupon_result", 0), control.Batch: odd(orderResult, 0),
	}
}

// Returns returns what the customer's browser comes back with.
func (s *Simulator) Returns(custOrderID string) []sdk.HTTPRequest {
	e, found := s.find("", custOrderID)
	if !found {
		return nil
	}
	return []sdk.HTTPRequest{
		request(http.MethodGet, outcome(e).Encode(), "", http.Header{}),
	}
}

// outcome is what is added to return_url.
func outcome(
	e ledger.Entry,
) url.Values {
	return url.Values{"id": {e.ID}, "status": {e.Status}}
}

func request(method, query, body string, header http.Header) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method:        method,
		Query:         query,
		Header:        header,
		Body:          []byte(body),
		RemoteAddress: sim.Address,
		ReceivedAt:    time.Now().UTC(),
	}
}
