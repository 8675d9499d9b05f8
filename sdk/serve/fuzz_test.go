package serve

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// readable is one message of the contract and what reads it.
type readable func(data []byte) (violations int, ok bool)

func requestOf[P, Req, Resp any, WReq wire.AccountRequest, WResp proto.Message](
	v *wire.Verb[P, Req, Resp, WReq, WResp],
	check check[Req],
) readable {
	return func(data []byte) (int, bool) {
		var none WReq
		w := none.ProtoReflect().New().Interface().(WReq)
		if proto.Unmarshal(data, w) != nil {
			return 0, false
		}

		req, problems := v.ReadRequest(w)
		if check != nil {
			check(problems, &account{plugin: &sdk.Info{}}, req)
		}

		return len(problems.Invalid()), true
	}
}

func responseOf[P, Req, Resp any, WReq wire.AccountRequest, WResp proto.Message](
	v *wire.Verb[P, Req, Resp, WReq, WResp],
) readable {
	return func(data []byte) (int, bool) {
		var none WResp
		w := none.ProtoReflect().New().Interface().(WResp)
		if proto.Unmarshal(data, w) != nil {
			return 0, false
		}

		wire.Scrub(w, nil)
		_, err := v.ReadResponse(w)
		wire.ExchangesOf(w)
		if err != nil {
			return len(err.Violations), true
		}

		// What was accepted can be sent on.
		if _, err := proto.Marshal(w); err != nil {
			panic(err)
		}

		return 0, true
	}
}

// FuzzMessages reads any bytes as any message: nothing may panic, whoever is at
// the other end.
func FuzzMessages(f *testing.F) {
	all := []readable{
		requestOf(
			wire.CreatePayment,
			checkCreatePayment,
		), responseOf(wire.CreatePayment), requestOf(wire.ConfirmPayment, checkConfirmPayment), requestOf(wire.ListPayments, checkListPayments),
		responseOf(
			wire.ListPayments,
		), requestOf(wire.CapturePayment, checkCapturePayment), requestOf(wire.CreateRefund, checkCreateRefund), responseOf(wire.CreateRefund),
		requestOf(
			wire.CreatePayout,
			checkCreatePayout,
		), responseOf(wire.CreatePayout), responseOf(wire.ListPayouts), responseOf(wire.GetBalances),
		requestOf(
			wire.ParseWebhook,
			nil,
		), responseOf(wire.ParseWebhook), responseOf(wire.ParseReturn), requestOf(wire.InvokeOperation, checkInvokeOperation),
		responseOf(
			wire.InvokeOperation,
		), responseOf(wire.ListPaymentMethods), responseOf(wire.CheckHealth),
	}

	seed := func(m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		for i := range all {
			f.Add(byte(i), data)
		}
	}

	seed(&pb.CreatePaymentResponse{
		Payment: &pb.Payment{
			Status:     1,
			NextAction: &pb.NextAction{Redirect: &pb.Redirect{Url: "https://p.example"}},
			Amount:     &pb.Money{Amount: "1.50", Currency: "USD"},
			Receipts:   []*pb.Receipt{{Id: "1", Amount: &pb.Money{}}},
		},
		Exchanges: []*pb.Exchange{{Method: "POST"}},
	})

	seed(
		&pb.ParseWebhookResponse{
			Events:   []*pb.Event{{Payment: &pb.Payment{Status: 4}}},
			Response: &pb.HTTPResponse{Status: 200},
		},
	)
	seed(
		&pb.CreatePaymentRequest{
			Account: "main",
			Amount:  &pb.Money{Amount: "1e9", Currency: "USD"},
			Options: []byte("{}"),
		},
	)

	f.Fuzz(func(_ *testing.T, which byte, data []byte) { all[int(which)%len(all)](data) })
}
