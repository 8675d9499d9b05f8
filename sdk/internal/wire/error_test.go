package wire

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/payhost/payhost/sdk"
)

// TestEveryCodeHasAStatus: tools that watch the wire see the kind of failure,
// and none is called a success.
func TestEveryCodeHasAStatus(t *testing.T) {
	for _, code := range errorCodes.all() {
		got := status.Code(EncodeError(&sdk.Error{Code: code}, nil, nil))
		if got == codes.OK || (got == codes.Internal) != (code == sdk.CodeInternal) {
			t.Errorf("%s is sent as %s", code, got)
		}
	}
	if got := status.Code(EncodeError(&sdk.Error{Code: "made_up"}, nil, nil)); got != codes.Internal {
		t.Errorf("a made-up code is sent as %s", got)
	}
}

func TestErrorsAreBounded(t *testing.T) {
	e, _ := DecodeError(t.Context(), EncodeError(&sdk.Error{
		RetryAfter: -time.Second,
		Violations: make([]sdk.Violation, 1000),
	}, nil, nil))
	if len(e.Violations) != maxProblems || e.RetryAfter != 0 ||
		e.Code != sdk.CodeInternal ||
		e.Outcome != sdk.OutcomeUnknown {
		t.Errorf("%d violations, %+v", len(e.Violations), e)
	}
}

// TestErrorsOfNoCall: an interceptor of a host's own may fail with anything.
func TestErrorsOfNoCall(t *testing.T) {
	e, _ := DecodeError(t.Context(), errors.New("no status"))
	if e.Code != sdk.CodeInternal || e.Outcome != sdk.OutcomeUnknown ||
		e.Message != "no status" {
		t.Errorf("got %+v", e)
	}
}
