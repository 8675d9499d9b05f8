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

// ParseWebhook is called again for the same webhook at every replay, also years
// later: its request has no keys and no attempt.
var ParseWebhook = &Verb[
	sdk.WebhookParser, sdk.ParseWebhookRequest, *sdk.WebhookResult,
	*pb.ParseWebhookRequest, *pb.ParseWebhookResponse,
]{
	Name:       "ParseWebhook",
	Capability: sdk.CapabilityParseWebhook,
	Call:       sdk.WebhookParser.ParseWebhook,
	Invoke:     providerClient.ParseWebhook,

	EncodeRequest: func(account string, req sdk.ParseWebhookRequest) *pb.ParseWebhookRequest {
		return &pb.ParseWebhookRequest{
			Account: account,
			Request: encodeHTTPRequest(req.Request),
			Scope:   urlScopes.encode(req.Scope),
			Payment: encodePaymentContext(req.Payment),
			Payout:  encodePayoutContext(req.Payout),
		}
	},
	decodeRequest: func(read *reader, from *pb.ParseWebhookRequest) sdk.ParseWebhookRequest {
		return sdk.ParseWebhookRequest{
			Request: decodeHTTPRequest(read.in("request"), from.GetRequest()),
			Scope:   urlScopes.decode(from.GetScope()),
			Payment: decodePaymentContextOrNil(read.in("payment"), from.GetPayment()),
			Payout:  decodePayoutContextOrNil(read.in("payout"), from.GetPayout()),
		}
	},
	encodeResponse: func(result *sdk.WebhookResult) *pb.ParseWebhookResponse {
		if result == nil {
			return nil
		}
		return &pb.ParseWebhookResponse{
			Verification: verifications.encode(result.Verification),
			Events:       encodeList(result.Events, encodeEvent),
			Response:     encodeHTTPResponse(result.Response),
		}
	},
	decodeResponse: func(read *reader, from *pb.ParseWebhookResponse) *sdk.WebhookResult {
		return &sdk.WebhookResult{
			Verification: verifications.decode(from.GetVerification()),
			Events:       decodeList(read, "events", from.GetEvents(), decodeEvent),
			Response:     decodeHTTPResponse(read.in("response"), from.GetResponse()),
		}
	},
}

// ParseReturn has no response: the customer is always sent on to the merchant.
var ParseReturn = &Verb[
	sdk.ReturnParser, sdk.ParseReturnRequest, *sdk.Return,
	*pb.ParseReturnRequest, *pb.ParseReturnResponse,
]{
	Name:       "ParseReturn",
	Capability: sdk.CapabilityParseReturn,
	Call:       sdk.ReturnParser.ParseReturn,
	Invoke:     providerClient.ParseReturn,

	EncodeRequest: func(account string, req sdk.ParseReturnRequest) *pb.ParseReturnRequest {
		return &pb.ParseReturnRequest{
			Account: account,
			Request: encodeHTTPRequest(req.Request),
			Scope:   urlScopes.encode(req.Scope),
			Payment: encodePaymentContext(req.Payment),
		}
	},
	decodeRequest: func(read *reader, from *pb.ParseReturnRequest) sdk.ParseReturnRequest {
		return sdk.ParseReturnRequest{
			Request: decodeHTTPRequest(read.in("request"), from.GetRequest()),
			Scope:   urlScopes.decode(from.GetScope()),
			Payment: decodePaymentContextOrNil(read.in("payment"), from.GetPayment()),
		}
	},
	encodeResponse: func(result *sdk.Return) *pb.ParseReturnResponse {
		if result == nil {
			return nil
		}
		return &pb.ParseReturnResponse{
			Verification: verifications.encode(result.Verification),
			Events:       encodeList(result.Events, encodeEvent),
		}
	},
	decodeResponse: func(read *reader, from *pb.ParseReturnResponse) *sdk.Return {
		return &sdk.Return{
			Verification: verifications.decode(from.GetVerification()),
			Events:       decodeList(read, "events", from.GetEvents(), decodeEvent),
		}
	},
}

// encodeHTTPRequest carries the body to the byte: signatures are made over it.
func encodeHTTPRequest(req sdk.HTTPRequest) *pb.HTTPRequest {
	return &pb.HTTPRequest{
		Method:        req.Method,
		Query:         escapeInvalid(req.Query),
		Headers:       encodeHeaders(req.Header),
		Body:          req.Body,
		RemoteAddress: req.RemoteAddress,
		ReceivedAt:    encodeTime(req.ReceivedAt),
	}
}

func decodeHTTPRequest(read *reader, from *pb.HTTPRequest) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method:        from.GetMethod(),
		Query:         from.GetQuery(),
		Header:        decodeHeaders(from.GetHeaders()),
		Body:          from.GetBody(),
		RemoteAddress: from.GetRemoteAddress(),
		ReceivedAt:    read.time("received_at", from.GetReceivedAt()),
	}
}

// escapeInvalid percent-encodes the bytes of a query that are not UTF-8, which
// the wire cannot carry. The query's meaning stays the same.
func escapeInvalid(query string) string {
	if utf8.ValidString(query) {
		return query
	}

	var escaped strings.Builder
	for len(query) > 0 {
		char, size := utf8.DecodeRuneInString(query)
		// A real U+FFFD has three bytes and stays; a size of 1 is a broken
		// byte.
		if (char == utf8.RuneError) && (size == 1) {
			fmt.Fprintf(&escaped, "%%%02X", query[0])
		} else {
			escaped.WriteString(query[:size])
		}
		query = query[size:]
	}
	return escaped.String()
}

func encodeHTTPResponse(resp sdk.HTTPResponse) *pb.HTTPResponse {
	return &pb.HTTPResponse{
		Status:  int32(resp.Status),
		Headers: encodeHeaders(resp.Header),
		Body:    resp.Body,
	}
}

// decodeHTTPResponse takes only a status that ends an exchange; 0 is the host's
// 200.
func decodeHTTPResponse(read *reader, from *pb.HTTPResponse) sdk.HTTPResponse {
	status := from.GetStatus()
	if (status != 0) && ((status < 200) || (status > 599)) {
		read.fail("status", "%d is not the status of an answer", status)
	}
	return sdk.HTTPResponse{
		Status: int(status),
		Header: decodeHeaders(from.GetHeaders()),
		Body:   from.GetBody(),
	}
}

// encodeHeaders sorts by name, so that the same request is always the same
// message.
func encodeHeaders(header http.Header) []*pb.Header {
	var out []*pb.Header
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			out = append(out, &pb.Header{Name: name, Value: value})
		}
	}
	return out
}

// decodeHeaders makes the names canonical, so that http.Header's methods find
// them.
func decodeHeaders(list []*pb.Header) http.Header {
	if len(list) == 0 {
		return nil
	}
	out := http.Header{}
	for _, header := range list {
		out.Add(header.GetName(), header.GetValue())
	}
	return out
}
