package sdk

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestEveryCodeHasAStatus: tools that watch the wire see the kind of failure, and none is called a success.
func TestEveryCodeHasAStatus(t *testing.T) {
	for _, code := range errorCodes.all() {
		got := status.Code(errorToWire(&Error{Code: code}, nil, nil))
		if got == codes.OK || (got == codes.Internal) != (code == CodeInternal) {
			t.Errorf("%s is sent as %s", code, got)
		}
	}
	if got := status.Code(errorToWire(&Error{Code: "made_up"}, nil, nil)); got != codes.Internal {
		t.Errorf("a made-up code is sent as %s", got)
	}
}

func TestErrorsAreBounded(t *testing.T) {
	e, _ := errorFromWire(t.Context(), errorToWire(&Error{
		RetryAfter: -time.Second, Violations: make([]Violation, 1000),
	}, nil, nil))
	if len(e.Violations) != maxViolations || e.RetryAfter != 0 || e.Code != CodeInternal || e.Outcome != OutcomeUnknown {
		t.Errorf("%d violations, %+v", len(e.Violations), e)
	}
}

// TestErrorsOfNoCall: an interceptor of a host's own may fail with anything.
func TestErrorsOfNoCall(t *testing.T) {
	e, _ := errorFromWire(t.Context(), errors.New("no status"))
	if e.Code != CodeInternal || e.Outcome != OutcomeUnknown || e.Message != "no status" {
		t.Errorf("got %+v", e)
	}
}
