package sdk

import (
	"context"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

func TestAHostSendsTheDeadlineAsAMoment(t *testing.T) {
	var got []string
	c, stop := believe(t, &liar{payment: func(ctx context.Context) (*wire.CreatePaymentResponse, error) {
		got = metadata.ValueFromIncomingContext(ctx, deadlineKey)
		return &wire.CreatePaymentResponse{}, nil
	}})
	defer stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, _ = c.Account("a").CreatePayment(ctx, CreatePaymentRequest{Amount: Money{Currency: "USD"}})
	deadline, _ := ctx.Deadline()
	if len(got) != 1 || got[0] != strconv.FormatInt(deadline.UnixMicro(), 10) {
		t.Errorf("got %q, want %d", got, deadline.UnixMicro())
	}
}

// gRPC counts a deadline anew where a call arrives; the moment that the host has sent counts all the same.
func TestACallIsOverAtTheMomentThatItsHostHasSent(t *testing.T) {
	for name, c := range map[string]struct {
		moment string
		over   bool
	}{
		"passed":         {strconv.FormatInt(time.Now().Add(-time.Second).UnixMicro(), 10), true},
		"to come":        {strconv.FormatInt(time.Now().Add(time.Hour).UnixMicro(), 10), false},
		"not a number":   {"soon", true},
		"none was given": {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			md := metadata.MD{}
			if c.moment != "" {
				md.Set(deadlineKey, c.moment)
			}
			ctx, cancel := heedDeadline(metadata.NewIncomingContext(t.Context(), md))
			defer cancel()
			if got := !InTime(ctx); got != c.over {
				t.Errorf("over: %v, want %v", got, c.over)
			}
		})
	}
}
