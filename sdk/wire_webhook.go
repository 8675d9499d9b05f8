package sdk

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// headersToWire sorts by name, so that the same request is always the same message.
func headersToWire(h http.Header) []*wire.Header {
	var out []*wire.Header
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			out = append(out, &wire.Header{Name: name, Value: value})
		}
	}
	return out
}

// headersFromWire makes the names canonical, so that http.Header's methods find them.
func headersFromWire(list []*wire.Header) http.Header {
	if len(list) == 0 {
		return nil
	}
	out := http.Header{}
	for _, h := range list {
		out.Add(h.GetName(), h.GetValue())
	}
	return out
}

// httpRequestToWire carries the body to the byte: signatures are made over it.
func httpRequestToWire(req HTTPRequest) *wire.HTTPRequest {
	return &wire.HTTPRequest{
		Method: req.Method, Query: escapeInvalid(req.Query), Headers: headersToWire(req.Header), Body: req.Body,
		RemoteAddress: req.RemoteAddress, ReceivedAt: timeToWire(req.ReceivedAt),
	}
}

// escapeInvalid percent-encodes the bytes of a query that are not UTF-8, which the wire cannot carry: what the query
// means stays the same.
func escapeInvalid(query string) string {
	if utf8.ValidString(query) {
		return query
	}
	var b strings.Builder
	for len(query) > 0 {
		c, size := utf8.DecodeRuneInString(query)
		if c == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, "%%%02X", query[0])
		} else {
			b.WriteString(query[:size])
		}
		query = query[size:]
	}
	return b.String()
}

func httpRequestFromWire(r *reader, w *wire.HTTPRequest) HTTPRequest {
	return HTTPRequest{
		Method: w.GetMethod(), Query: w.GetQuery(), Header: headersFromWire(w.GetHeaders()), Body: w.GetBody(),
		RemoteAddress: w.GetRemoteAddress(), ReceivedAt: r.time("received_at", w.GetReceivedAt()),
	}
}

// parseWebhook reads the same notice again on every replay, also years later: the request has no keys and no attempt.
var parseWebhook = verb[WebhookParser, ParseWebhookRequest, *WebhookResult, *wire.ParseWebhookRequest, *wire.ParseWebhookResponse]{
	name: "ParseWebhook", capability: CapabilityParseWebhook,
	call: WebhookParser.ParseWebhook, invoke: providerClient.ParseWebhook,
	requestToWire: func(account string, req ParseWebhookRequest) *wire.ParseWebhookRequest {
		return &wire.ParseWebhookRequest{
			Account: account, Request: httpRequestToWire(req.Request), Scope: urlScopes.toWire(req.Scope),
			Payment: paymentContextToWire(req.Payment), Payout: payoutContextToWire(req.Payout),
		}
	},
	requestFromWire: func(r *reader, w *wire.ParseWebhookRequest) ParseWebhookRequest {
		return ParseWebhookRequest{
			Request: httpRequestFromWire(r.in("request"), w.GetRequest()), Scope: urlScopes.fromWire(w.GetScope()),
			Payment: paymentContextOrNilFromWire(r.in("payment"), w.GetPayment()),
			Payout:  payoutContextOrNilFromWire(r.in("payout"), w.GetPayout()),
		}
	},
	responseToWire: func(n *WebhookResult) *wire.ParseWebhookResponse {
		if n == nil {
			return nil
		}
		return &wire.ParseWebhookResponse{
			Verification: verifications.toWire(n.Verification),
			Events:       listToWire(n.Events, eventToWire),
			Response: &wire.HTTPResponse{
				Status: int32(n.Response.Status), Headers: headersToWire(n.Response.Header), Body: n.Response.Body,
			},
		}
	},
	responseFromWire: func(r *reader, w *wire.ParseWebhookResponse) *WebhookResult {
		return &WebhookResult{
			Verification: verifications.fromWire(w.GetVerification()),
			Events:       listFromWire(r, "events", w.GetEvents(), eventFromWire),
			Response:     httpResponseFromWire(r.in("response"), w.GetResponse()),
		}
	},
}

// httpResponseFromWire takes only a status that ends an exchange; 0 is the host's 200.
func httpResponseFromWire(r *reader, w *wire.HTTPResponse) HTTPResponse {
	if s := w.GetStatus(); s != 0 && (s < 200 || s > 599) {
		r.fail("status", "%d is not the status of an answer", s)
	}
	return HTTPResponse{Status: int(w.GetStatus()), Header: headersFromWire(w.GetHeaders()), Body: w.GetBody()}
}

// parseReturn has no response: the customer is always sent on to the merchant.
var parseReturn = verb[ReturnParser, ParseReturnRequest, *Return, *wire.ParseReturnRequest, *wire.ParseReturnResponse]{
	name: "ParseReturn", capability: CapabilityParseReturn,
	call: ReturnParser.ParseReturn, invoke: providerClient.ParseReturn,
	requestToWire: func(account string, req ParseReturnRequest) *wire.ParseReturnRequest {
		return &wire.ParseReturnRequest{
			Account: account, Request: httpRequestToWire(req.Request), Scope: urlScopes.toWire(req.Scope),
			Payment: paymentContextToWire(req.Payment),
		}
	},
	requestFromWire: func(r *reader, w *wire.ParseReturnRequest) ParseReturnRequest {
		return ParseReturnRequest{
			Request: httpRequestFromWire(r.in("request"), w.GetRequest()), Scope: urlScopes.fromWire(w.GetScope()),
			Payment: paymentContextOrNilFromWire(r.in("payment"), w.GetPayment()),
		}
	},
	responseToWire: func(n *Return) *wire.ParseReturnResponse {
		if n == nil {
			return nil
		}
		return &wire.ParseReturnResponse{
			Verification: verifications.toWire(n.Verification), Events: listToWire(n.Events, eventToWire),
		}
	},
	responseFromWire: func(r *reader, w *wire.ParseReturnResponse) *Return {
		return &Return{
			Verification: verifications.fromWire(w.GetVerification()),
			Events:       listFromWire(r, "events", w.GetEvents(), eventFromWire),
		}
	},
}
