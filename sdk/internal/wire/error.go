package wire

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// grpcCodes are for people and tools that watch the wire. A client goes by the
// detail alone.
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

// EncodeError returns the status with which a failed call ends, as a Go error.
// mask may be nil.
func EncodeError(failure *sdk.Error, exchanges []sdk.Exchange, mask func(string) string) error {
	failure = sdk.AsError(failure)
	detail := &pb.ErrorDetail{
		Code:            errorCodes.encode(failure.Code),
		Outcome:         outcomes.encode(failure.Outcome),
		Message:         failure.Message,
		ProviderCode:    failure.ProviderCode,
		ProviderMessage: failure.ProviderMessage,
		RetryAfter:      encodeDuration(max(failure.RetryAfter, 0)),
		NewAttemptSafe:  failure.NewAttemptSafe,
	}
	for _, violation := range firstOf(failure.Violations) {
		detail.Violations = append(detail.Violations, &pb.Violation{
			Field:   Cut(violation.Field, maxReference),
			Message: violation.Message,
		})
	}
	SetExchanges(detail, exchanges)
	Scrub(detail, mask)

	code, ok := grpcCodes[failure.Code]
	if !ok {
		code = codes.Internal
	}
	ended, err := status.New(code, detail.GetMessage()).WithDetails(detail)
	if err != nil { // cannot happen: the detail is a message of ours and its code is not OK
		return status.Error(codes.Internal, detail.GetMessage())
	}
	return ended.Err()
}

// DecodeError returns what a call's error means for its caller, and the
// exchanges that came with it. ctx is the caller's: a plugin cannot tell a
// cancel from a deadline, so the caller's context decides.
func DecodeError(ctx context.Context, err error) (*sdk.Error, []sdk.Exchange) {
	ended, ok := status.FromError(err)
	if !ok {
		return &sdk.Error{
			Code:    sdk.CodeInternal,
			Outcome: sdk.OutcomeUnknown,
			Message: err.Error(),
		}, nil
	}

	for _, attached := range ended.Details() {
		if detail, ok := attached.(*pb.ErrorDetail); ok {
			// A plugin need not be built with this SDK: its texts are made
			// valid and cut on this side too.
			Scrub(detail, nil)
			return decodeDetail(detail), ExchangesOf(detail)
		}
	}
	return withoutDetail(ctx, ended), nil
}

// withoutDetail returns what a status means that the SDK has not made. Whatever
// it is, the call may have reached the provider.
func withoutDetail(ctx context.Context, ended *status.Status) *sdk.Error {
	failure := &sdk.Error{Code: sdk.CodeUnavailable, Outcome: sdk.OutcomeUnknown}

	// The caller's own end comes first: the plugin must not be blamed for a
	// call that the host gave up.
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		failure.Message = "the call was canceled on our side before the plugin answered"
	case (ctx.Err() != nil) || (ended.Code() == codes.DeadlineExceeded):
		failure.Message = "the plugin did not answer before the call's deadline"
	case ended.Code() == codes.ResourceExhausted:
		failure.Code = sdk.CodeInternal
		failure.Message = "the plugin's answer is larger than a host takes (ResourceExhausted): " +
			ended.Message()
	case ended.Code() == codes.Unavailable:
		failure.Message = "the plugin process died or closed the connection during the call: " +
			ended.Message()
	default:
		failure.Code = sdk.CodeInternal
		failure.Message = fmt.Sprintf("the plugin answered %s without saying what it means: %s",
			ended.Code(), ended.Message())
	}

	failure.Message = Cut(failure.Message, textLimits["message"])
	return failure
}

// decodeDetail believes the plugin: only it can know whether anything was sent.
func decodeDetail(from *pb.ErrorDetail) *sdk.Error {
	failure := &sdk.Error{
		Code:            errorCodes.decode(from.GetCode()),
		Outcome:         outcomes.decode(from.GetOutcome()),
		Message:         from.GetMessage(),
		ProviderCode:    from.GetProviderCode(),
		ProviderMessage: from.GetProviderMessage(),
		RetryAfter:      newReader().duration("retry_after", from.GetRetryAfter()),
		NewAttemptSafe:  from.GetNewAttemptSafe(),
	}
	for _, violation := range firstOf(from.GetViolations()) {
		failure.Violations = append(failure.Violations, sdk.Violation{
			Field:   Cut(violation.GetField(), maxReference),
			Message: violation.GetMessage(),
		})
	}
	return failure
}

// firstOf returns as many violations as an answer may have.
func firstOf[V any](violations []V) []V {
	return violations[:min(len(violations), maxProblems)]
}
