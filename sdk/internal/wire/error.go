package wire

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// grpcCodes is for people and tools that watch the wire: what counts is the detail.
var grpcCodes = map[sdk.Code]codes.Code{
	sdk.CodeInvalidRequest:    codes.InvalidArgument,
	sdk.CodeAuthentication:    codes.Unauthenticated,
	sdk.CodePermission:        codes.PermissionDenied,
	sdk.CodeDeclined:          codes.FailedPrecondition,
	sdk.CodeInsufficientFunds: codes.FailedPrecondition,
	sdk.CodeLimit:             codes.OutOfRange,
	sdk.CodeNotFound:          codes.NotFound,
	sdk.CodeDuplicate:         codes.AlreadyExists,
	sdk.CodeRateLimited:       codes.ResourceExhausted,
	sdk.CodeUnavailable:       codes.Unavailable,
	sdk.CodeNotSupported:      codes.Unimplemented,
	sdk.CodeInvalidSignature:  codes.InvalidArgument,
	sdk.CodeInternal:          codes.Internal,
}

// EncodeError gives the status that a failed call ends with. mask may be nil.
func EncodeError(e *sdk.Error, exchanges []sdk.Exchange, mask func(string) string) error {
	e = sdk.AsError(e)
	d := &pb.ErrorDetail{
		Code:            errorCodes.encode(e.Code),
		Outcome:         outcomes.encode(e.Outcome),
		Message:         e.Message,
		ProviderCode:    e.ProviderCode,
		ProviderMessage: e.ProviderMessage,
		RetryAfter:      encodeDuration(max(e.RetryAfter, 0)),
		NewAttemptSafe:  e.NewAttemptSafe,
	}
	for _, v := range e.Violations[:min(len(e.Violations), maxProblems)] {
		d.Violations = append(d.Violations, &pb.Violation{Field: Cut(v.Field, maxReference), Message: v.Message})
	}
	SetExchanges(d, exchanges)
	Scrub(d, mask)
	code, ok := grpcCodes[e.Code]
	if !ok {
		code = codes.Internal
	}
	s, err := status.New(code, d.GetMessage()).WithDetails(d)
	if err != nil { // cannot happen: the detail is a message of ours and its code is not OK
		return status.Error(codes.Internal, d.GetMessage())
	}
	return s.Err()
}

// DecodeError gives what a call's error means for its caller, and the exchanges that came with it. ctx is the
// caller's: a plugin cannot tell a cancel from a deadline, so it decides.
func DecodeError(ctx context.Context, err error) (*sdk.Error, []sdk.Exchange) {
	s, ok := status.FromError(err)
	if !ok {
		return &sdk.Error{Code: sdk.CodeInternal, Outcome: sdk.OutcomeUnknown, Message: err.Error()}, nil
	}
	for _, detail := range s.Details() {
		if d, ok := detail.(*pb.ErrorDetail); ok {
			Scrub(d, nil)
			return errorFromDetail(d), ExchangesOf(d)
		}
	}
	// Nobody said what it means. Whatever the status is, the call may have reached the provider.
	e := &sdk.Error{Code: sdk.CodeUnavailable, Outcome: sdk.OutcomeUnknown}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Message = "the call was canceled on our side before the plugin answered"
	case ctx.Err() != nil, s.Code() == codes.DeadlineExceeded:
		e.Message = "the plugin did not answer before the call's deadline"
	case s.Code() == codes.ResourceExhausted:
		e.Code = sdk.CodeInternal
		e.Message = "the plugin's answer is larger than a host takes (ResourceExhausted): " + s.Message()
	case s.Code() == codes.Unavailable:
		e.Message = "the plugin process died or closed the connection during the call: " + s.Message()
	default:
		e.Code = sdk.CodeInternal
		e.Message = "the plugin answered " + s.Code().String() + " without saying what it means: " + s.Message()
	}
	e.Message = Cut(e.Message, textLimits["message"])
	return e, nil
}

// errorFromDetail believes the plugin: only it can know whether anything was sent.
func errorFromDetail(d *pb.ErrorDetail) *sdk.Error {
	e := &sdk.Error{
		Code:            errorCodes.decode(d.GetCode()),
		Outcome:         outcomes.decode(d.GetOutcome()),
		Message:         d.GetMessage(),
		ProviderCode:    d.GetProviderCode(),
		ProviderMessage: d.GetProviderMessage(),
		RetryAfter:      newReader().duration("retry_after", d.GetRetryAfter()),
		NewAttemptSafe:  d.GetNewAttemptSafe(),
	}
	for _, v := range d.GetViolations()[:min(len(d.GetViolations()), maxProblems)] {
		e.Violations = append(e.Violations, sdk.Violation{Field: Cut(v.GetField(), maxReference), Message: v.GetMessage()})
	}
	return e
}
