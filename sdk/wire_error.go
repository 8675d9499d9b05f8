package sdk

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// grpcCodes is for people and tools that watch the wire: what counts is the detail.
var grpcCodes = map[Code]codes.Code{
	CodeInvalidRequest:    codes.InvalidArgument,
	CodeAuthentication:    codes.Unauthenticated,
	CodePermission:        codes.PermissionDenied,
	CodeDeclined:          codes.FailedPrecondition,
	CodeInsufficientFunds: codes.FailedPrecondition,
	CodeLimit:             codes.OutOfRange,
	CodeNotFound:          codes.NotFound,
	CodeDuplicate:         codes.AlreadyExists,
	CodeRateLimited:       codes.ResourceExhausted,
	CodeUnavailable:       codes.Unavailable,
	CodeNotSupported:      codes.Unimplemented,
	CodeInvalidSignature:  codes.InvalidArgument,
	CodeInternal:          codes.Internal,
}

// errorToWire gives the status that a failed call ends with. mask may be nil.
func errorToWire(e *Error, exchanges []Exchange, mask func(string) string) error {
	d := &wire.ErrorDetail{
		Code:            errorCodes.toWire(orCode(e.Code)),
		Outcome:         outcomes.toWire(orOutcome(e.Outcome)),
		Message:         e.Message,
		ProviderCode:    e.ProviderCode,
		ProviderMessage: e.ProviderMessage,
		RetryAfter:      durationToWire(max(e.RetryAfter, 0)),
		NewAttemptSafe:  e.NewAttemptSafe,
	}
	for _, v := range e.Violations[:min(len(e.Violations), maxViolations)] {
		d.Violations = append(d.Violations, &wire.Violation{Field: cut(v.Field, maxReference), Message: v.Message})
	}
	setExchanges(d, exchanges)
	scrub(d, mask)
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

// errorFromWire gives what a call's error means for its caller, and the exchanges that came with it. ctx is the
// caller's: a plugin cannot tell a cancel from a deadline, so it decides.
func errorFromWire(ctx context.Context, err error) (*Error, []Exchange) {
	s, ok := status.FromError(err)
	if !ok {
		return &Error{Code: CodeInternal, Outcome: OutcomeUnknown, Message: err.Error()}, nil
	}
	for _, detail := range s.Details() {
		if d, ok := detail.(*wire.ErrorDetail); ok {
			scrub(d, nil)
			return errorFromDetail(d), exchangesOf(d)
		}
	}
	// Nobody said what it means. Whatever the status is, the call may have reached the provider.
	e := &Error{Code: CodeUnavailable, Outcome: OutcomeUnknown}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Message = "the call was canceled on our side before the plugin answered"
	case ctx.Err() != nil, s.Code() == codes.DeadlineExceeded:
		e.Message = "the plugin did not answer before the call's deadline"
	case s.Code() == codes.ResourceExhausted:
		e.Code = CodeInternal
		e.Message = "the plugin's answer is larger than a host takes (ResourceExhausted): " + s.Message()
	case s.Code() == codes.Unavailable:
		e.Message = "the plugin process died or closed the connection during the call: " + s.Message()
	default:
		e.Code = CodeInternal
		e.Message = "the plugin answered " + s.Code().String() + " without saying what it means: " + s.Message()
	}
	e.Message = cut(e.Message, textLimits["message"])
	return e, nil
}

// errorFromDetail believes the plugin: only it can know whether anything was sent.
func errorFromDetail(d *wire.ErrorDetail) *Error {
	e := &Error{
		Code:            errorCodes.fromWire(d.GetCode()),
		Outcome:         outcomes.fromWire(d.GetOutcome()),
		Message:         d.GetMessage(),
		ProviderCode:    d.GetProviderCode(),
		ProviderMessage: d.GetProviderMessage(),
		RetryAfter:      newReader().duration("retry_after", d.GetRetryAfter()),
		NewAttemptSafe:  d.GetNewAttemptSafe(),
	}
	for _, v := range d.GetViolations()[:min(len(d.GetViolations()), maxViolations)] {
		e.Violations = append(e.Violations, Violation{Field: cut(v.GetField(), maxReference), Message: v.GetMessage()})
	}
	return e
}
