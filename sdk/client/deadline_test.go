package client

import (
	"context"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
	"github.com/payhost/payhost/sdk/internal/wire"
)

func TestAHostSendsTheDeadlineAsAMoment(t *testing.T) {
	var got []string
	c, stop := believe(
		t,
		&liar{payment: func(ctx context.Context) (*pb.CreatePaymentResponse, error) {
			got = metadata.ValueFromIncomingContext(ctx, wire.DeadlineKey)
			return &pb.CreatePaymentResponse{}, nil
		}},
	)
	defer stop()

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, _ = c.Account("a").
		CreatePayment(ctx, sdk.CreatePaymentRequest{Amount: sdk.Money{Currency: "USD"}})
	deadline, _ := ctx.Deadline()
	want := deadline.Truncate(10 * time.Millisecond).UnixMicro() // never more than the host has
	if len(got) != 1 || got[0] != strconv.FormatInt(want, 10) {
		t.Errorf("got %q, want %d", got, want)
	}
}
