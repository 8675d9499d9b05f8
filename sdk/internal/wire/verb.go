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

// Verb is one verb of the contract, seen from both ends: P is the author's
// interface, Req and Resp are its types, WReq and WResp those of the wire.
// Server and client each have one generic function that takes a verb; all that
// differs between verbs is here.
type Verb[P, Req, Resp any, WReq AccountRequest, WResp proto.Message] struct {
	Name       string
	Capability sdk.Capability

	// Call is the author's method, Invoke that of the generated client.
	Call   func(P, context.Context, Req) (Resp, error)
	Invoke func(pb.ProviderServiceClient, context.Context, WReq, ...grpc.CallOption) (WResp, error)

	EncodeRequest  func(account string, req Req) WReq
	decodeRequest  func(*reader, WReq) Req
	encodeResponse func(Resp) WResp
	decodeResponse func(*reader, WResp) Resp

	// Idempotency returns what Info declares of a verb that moves money; it is
	// nil for the others.
	Idempotency func(*sdk.Info) sdk.IdempotencySupport
}

// providerClient shortens the method expressions of the verbs.
type providerClient = pb.ProviderServiceClient

// ReadRequest returns the author's request, and what is wrong with the one that
// came.
func (v *Verb[P, Req, Resp, WReq, WResp]) ReadRequest(from WReq) (Req, *Problems) {
	read := newReader()
	return v.decodeRequest(read, from), read.problems
}

// Answer returns what is sent for the author's answer, without secrets. It is
// read back before it goes out, so that a provider's mistake shows beside the
// code that made it and not in a host. mask may be nil.
func (v *Verb[P, Req, Resp, WReq, WResp]) Answer(
	resp Resp, mask func(string) string,
) (WResp, *sdk.Error) {
	answer := v.encodeResponse(resp)
	if !answer.ProtoReflect().IsValid() {
		return answer, &sdk.Error{
			Code:    sdk.CodeInternal,
			Outcome: sdk.OutcomeUnknown,
			Message: v.Name + ": the provider returned neither an answer nor an error",
		}
	}
	Scrub(answer, mask)

	// A message that is too large is not walked through once more.
	read := newReader()
	checkBounds(read, answer)
	if len(read.problems.Invalid()) == 0 {
		v.decodeResponse(read, answer)
	}
	return answer, read.problems.AnswerError("the provider's", v.Name)
}

// ReadResponse returns the author's answer of one that came from a plugin. The
// error is an answer that breaks the contract.
func (v *Verb[P, Req, Resp, WReq, WResp]) ReadResponse(from WResp) (Resp, *sdk.Error) {
	read := newReader()
	resp := v.decodeResponse(read, from)
	if err := read.problems.AnswerError("the plugin's", v.Name); err != nil {
		var none Resp
		return none, err
	}
	return resp, nil
}
