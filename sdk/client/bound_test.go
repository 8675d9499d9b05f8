package client

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// A payment whose answer is too large may well have been made.
func TestACreateWithTooLargeAnAnswerIsInDoubt(t *testing.T) {
	ok := pb.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
	said := []*pb.Exchange{
		{Method: "POST", Url: "https://provider.example/pay", ResponseBody: "made\xff"},
	}
	for name, c := range map[string]struct {
		answer *pb.CreatePaymentResponse
		text   string
	}{
		"16 MB of instructions": {&pb.CreatePaymentResponse{Payment: &pb.Payment{
			Status: ok,
			NextAction: &pb.NextAction{
				Display: &pb.Display{Instructions: strings.Repeat("x", wire.MaxMessageSize)}},
		}}, "ResourceExhausted"},
		"5 MB of instructions": {&pb.CreatePaymentResponse{
			Exchanges: said,
			Payment: &pb.Payment{Status: ok,
				NextAction: &pb.NextAction{Display: &pb.Display{Instructions: strings.Repeat("x", 5<<20)}}},
		},
			"answer: at most 4194304 bytes"},
		"17 KB of instructions": {&pb.CreatePaymentResponse{
			Exchanges: said,
			Payment: &pb.Payment{Status: ok,
				NextAction: &pb.NextAction{Display: &pb.Display{Instructions: strings.Repeat("x", 17<<10)}}},
		},
			"payment.next_action.display.instructions: at most 16384 bytes, this has 17408"},
		"many receipts": {&pb.CreatePaymentResponse{
			Exchanges: said,
			Payment: &pb.Payment{Status: ok,
				Receipts: make([]*pb.Receipt, 1001)},
		}, "payment.receipts: at most 1000 elements, this has 1001"},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.answer.GetPayment().GetReceipts() {
				c.answer.Payment.Receipts[i] = &pb.Receipt{}
			}
			client, _ := believe(
				t,
				&liar{payment: func(context.Context) (*pb.CreatePaymentResponse, error) {
					for _, one := range c.answer.GetExchanges() {
						one.ResponseBody = "made"
					}
					return c.answer, nil
				}},
			)

			ctx, log := sdk.WithExchangeLog(t.Context())
			p, err := pay(ctx, client)
			wants(t, err, sdk.CodeInternal, sdk.OutcomeUnknown, c.text)
			if p != nil {
				t.Errorf("got %+v as well", p)
			}

			if list := log.Exchanges(); len(list) != len(c.answer.GetExchanges()) {
				t.Errorf("what was said to the provider is lost: %v", list)
			}
		})
	}
}

func TestAPluginOfTooManyCurrenciesIsRefused(t *testing.T) {
	many := slices.Repeat([]string{"USD"}, 300_000)
	client, _ := believe(t, &liar{
		info: func() (*pb.GetInfoResponse, error) {
			return &pb.GetInfoResponse{Name: "liar", Currencies: many}, nil
		},
		account: func() (*pb.ConfigureResponse, error) { return &pb.ConfigureResponse{Currencies: many}, nil },
	})

	_, err := client.Info(t.Context())
	wants(
		t,
		err,
		sdk.CodeInternal,
		sdk.OutcomeUnknown,
		"currencies: at most 1000 elements, this has 300000",
	)

	_, err = client.Configure(t.Context(), "main", nil)
	wants(
		t,
		err,
		sdk.CodeInternal,
		sdk.OutcomeUnknown,
		"currencies: at most 1000 elements, this has 300000",
	)
}
