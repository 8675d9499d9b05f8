package sdk

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// accountRequest is every request but GetInfo's.
type accountRequest interface {
	proto.Message
	GetAccount() string
}

// verb is one verb of the contract, seen from both sides: P is the author's interface, Req and Resp its types, WReq
// and WResp the wire's. Server and client each have one generic function that takes a verb; what differs is here.
type verb[P, Req, Resp any, WReq accountRequest, WResp proto.Message] struct {
	name       string
	capability Capability
	// call is the author's method.
	call func(P, context.Context, Req) (Resp, error)
	// invoke is the generated client's method.
	invoke func(wire.ProviderServiceClient, context.Context, WReq, ...grpc.CallOption) (WResp, error)

	requestToWire    func(account string, req Req) WReq
	requestFromWire  func(*reader, WReq) Req
	responseToWire   func(Resp) WResp
	responseFromWire func(*reader, WResp) Resp

	// check, when set, looks at a request before the author sees it.
	check func(*reader, *account, Req)
	// guarantee, when set, is what Info declares of the create verb.
	guarantee func(*Info) IdempotencySupport
}

// answer gives the wire's response to resp. It is read back before it goes out, so that a provider's mistake shows
// beside the code that made it and not in a host.
func (v *verb[P, Req, Resp, WReq, WResp]) answer(resp Resp, mask func(string) string) (WResp, *Error) {
	w := v.responseToWire(resp)
	if !w.ProtoReflect().IsValid() {
		return w, &Error{
			Code: CodeInternal, Outcome: OutcomeUnknown,
			Message: v.name + ": the provider returned neither an answer nor an error",
		}
	}
	scrub(w, mask)
	r := newReader()
	if bound(r, w); len(r.all.invalid) == 0 {
		v.responseFromWire(r, w)
	}
	return w, r.answerError("the provider's " + v.name)
}

// read gives the author's response of one that came from a plugin.
func (v *verb[P, Req, Resp, WReq, WResp]) read(w WResp) (Resp, *Error) {
	r := newReader()
	resp := v.responseFromWire(r, w)
	if err := r.answerError("the plugin's " + v.name); err != nil {
		var none Resp
		return none, err
	}
	return resp, nil
}
