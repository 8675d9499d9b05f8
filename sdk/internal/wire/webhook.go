package wire

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeHeaders sorts by name, so that the same request is always the same message.
func encodeHeaders(h http.Header) []*pb.Header {
	var out []*pb.Header
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			out = append(out, &pb.Header{Name: name, Value: value})
		}
	}
	return out
}

// decodeHeaders makes the names canonical, so that http.Header's methods find them.
func decodeHeaders(list []*pb.Header) http.Header {
	if len(list) == 0 {
		return nil
	}
	out := http.Header{}
	for _, h := range list {
		out.Add(h.GetName(), h.GetValue())
	}
	return out
}

// encodeHTTPRequest carries the body to the byte: signatures are made over it.
func encodeHTTPRequest(req sdk.HTTPRequest) *pb.HTTPRequest {
	return &pb.HTTPRequest{
		Method: req.Method, Query: escapeInvalid(req.Query), Headers: encodeHeaders(req.Header), Body: req.Body,
		RemoteAddress: req.RemoteAddress, ReceivedAt: encodeTime(req.ReceivedAt),
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

func decodeHTTPRequest(r *reader, w *pb.HTTPRequest) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method: w.GetMethod(), Query: w.GetQuery(), Header: decodeHeaders(w.GetHeaders()), Body: w.GetBody(),
		RemoteAddress: w.GetRemoteAddress(), ReceivedAt: r.time("received_at", w.GetReceivedAt()),
	}
}

// ParseWebhook reads the same notice again on every replay, also years later: the request has no keys and no attempt.
var ParseWebhook = Verb[sdk.WebhookParser, sdk.ParseWebhookRequest, *sdk.WebhookResult, *pb.ParseWebhookRequest, *pb.ParseWebhookResponse]{
	Name: "ParseWebhook", Capability: sdk.CapabilityParseWebhook,
	Call: sdk.WebhookParser.ParseWebhook, Invoke: providerClient.ParseWebhook,
	EncodeRequest: func(account string, req sdk.ParseWebhookRequest) *pb.ParseWebhookRequest {
		return &pb.ParseWebhookRequest{
			Account: account, Request: encodeHTTPRequest(req.Request), Scope: urlScopes.encode(req.Scope),
			Payment: encodePaymentContext(req.Payment), Payout: encodePayoutContext(req.Payout),
		}
	},
	decodeRequest: func(r *reader, w *pb.ParseWebhookRequest) sdk.ParseWebhookRequest {
		return sdk.ParseWebhookRequest{
			Request: decodeHTTPRequest(r.in("request"), w.GetRequest()), Scope: urlScopes.decode(w.GetScope()),
			Payment: decodePaymentContextOrNil(r.in("payment"), w.GetPayment()),
			Payout:  decodePayoutContextOrNil(r.in("payout"), w.GetPayout()),
		}
	},
	encodeResponse: func(n *sdk.WebhookResult) *pb.ParseWebhookResponse {
		if n == nil {
			return nil
		}
		return &pb.ParseWebhookResponse{
			Verification: verifications.encode(n.Verification),
			Events:       encodeList(n.Events, encodeEvent),
			Response: &pb.HTTPResponse{
				Status: int32(n.Response.Status), Headers: encodeHeaders(n.Response.Header), Body: n.Response.Body,
			},
		}
	},
	decodeResponse: func(r *reader, w *pb.ParseWebhookResponse) *sdk.WebhookResult {
		return &sdk.WebhookResult{
			Verification: verifications.decode(w.GetVerification()),
			Events:       decodeList(r, "events", w.GetEvents(), decodeEvent),
			Response:     decodeHTTPResponse(r.in("response"), w.GetResponse()),
		}
	},
}

// decodeHTTPResponse takes only a status that ends an exchange; 0 is the host's 200.
func decodeHTTPResponse(r *reader, w *pb.HTTPResponse) sdk.HTTPResponse {
	if s := w.GetStatus(); s != 0 && (s < 200 || s > 599) {
		r.fail("status", "%d is not the status of an answer", s)
	}
	return sdk.HTTPResponse{Status: int(w.GetStatus()), Header: decodeHeaders(w.GetHeaders()), Body: w.GetBody()}
}

// ParseReturn has no response: the customer is always sent on to the merchant.
var ParseReturn = Verb[sdk.ReturnParser, sdk.ParseReturnRequest, *sdk.Return, *pb.ParseReturnRequest, *pb.ParseReturnResponse]{
	Name: "ParseReturn", Capability: sdk.CapabilityParseReturn,
	Call: sdk.ReturnParser.ParseReturn, Invoke: providerClient.ParseReturn,
	EncodeRequest: func(account string, req sdk.ParseReturnRequest) *pb.ParseReturnRequest {
		return &pb.ParseReturnRequest{
			Account: account, Request: encodeHTTPRequest(req.Request), Scope: urlScopes.encode(req.Scope),
			Payment: encodePaymentContext(req.Payment),
		}
	},
	decodeRequest: func(r *reader, w *pb.ParseReturnRequest) sdk.ParseReturnRequest {
		return sdk.ParseReturnRequest{
			Request: decodeHTTPRequest(r.in("request"), w.GetRequest()), Scope: urlScopes.decode(w.GetScope()),
			Payment: decodePaymentContextOrNil(r.in("payment"), w.GetPayment()),
		}
	},
	encodeResponse: func(n *sdk.Return) *pb.ParseReturnResponse {
		if n == nil {
			return nil
		}
		return &pb.ParseReturnResponse{
			Verification: verifications.encode(n.Verification), Events: encodeList(n.Events, encodeEvent),
		}
	},
	decodeResponse: func(r *reader, w *pb.ParseReturnResponse) *sdk.Return {
		return &sdk.Return{
			Verification: verifications.decode(w.GetVerification()),
			Events:       decodeList(r, "events", w.GetEvents(), decodeEvent),
		}
	},
}
