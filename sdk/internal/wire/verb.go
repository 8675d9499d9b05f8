package wire

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// AccountRequest is every request but GetInfo's.
type AccountRequest interface {
	proto.Message
	GetAccount() string
}

// Verb is one verb of the contract, seen from both sides: P is the author's interface, Req and Resp its types, WReq
// and WResp the wire's. Server and client each have one generic function that takes a verb; what differs is here.
type Verb[P, Req, Resp any, WReq AccountRequest, WResp proto.Message] struct {
	Name       string
	Capability sdk.Capability
	// call is the author's method.
	Call func(P, context.Context, Req) (Resp, error)
	// invoke is the generated client's method.
	Invoke func(pb.ProviderServiceClient, context.Context, WReq, ...grpc.CallOption) (WResp, error)

	EncodeRequest  func(account string, req Req) WReq
	decodeRequest  func(*reader, WReq) Req
	encodeResponse func(Resp) WResp
	decodeResponse func(*reader, WResp) Resp

	// guarantee, when set, is what Info declares of the create verb.
	Idempotency func(*sdk.Info) sdk.IdempotencySupport
}

// ReadRequest returns the author's request, and what is wrong with the one that came.
func (v *Verb[P, Req, Resp, WReq, WResp]) ReadRequest(w WReq) (Req, *Problems) {
	r := newReader()
	return v.decodeRequest(r, w), r.problems
}

// Answer gives the wire's response to resp. It is read back before it goes out, so that a provider's mistake shows
// beside the code that made it and not in a host.
func (v *Verb[P, Req, Resp, WReq, WResp]) Answer(resp Resp, mask func(string) string) (WResp, *sdk.Error) {
	w := v.encodeResponse(resp)
	if !w.ProtoReflect().IsValid() {
		return w, &sdk.Error{
			Code: sdk.CodeInternal, Outcome: sdk.OutcomeUnknown,
			Message: v.Name + ": the provider returned neither an answer nor an error",
		}
	}
	Scrub(w, mask)
	r := newReader()
	if bound(r, w); len(r.problems.Invalid()) == 0 {
		v.decodeResponse(r, w)
	}
	return w, r.problems.AnswerError("the provider's " + v.Name)
}

// read gives the author's response of one that came from a plugin.
func (v *Verb[P, Req, Resp, WReq, WResp]) ReadResponse(w WResp) (Resp, *sdk.Error) {
	r := newReader()
	resp := v.decodeResponse(r, w)
	if err := r.problems.AnswerError("the plugin's " + v.Name); err != nil {
		var none Resp
		return none, err
	}
	return resp, nil
}
