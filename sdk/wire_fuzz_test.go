package sdk

import (
	"testing"

	"google.golang.org/protobuf/proto"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// readable is one message of the contract and what reads it.
type readable func(data []byte) (violations int, ok bool)

func requestOf[P, Req, Resp any, WReq accountRequest, WResp proto.Message](v *verb[P, Req, Resp, WReq, WResp]) readable {
	return func(data []byte) (int, bool) {
		var none WReq
		w := none.ProtoReflect().New().Interface().(WReq)
		if proto.Unmarshal(data, w) != nil {
			return 0, false
		}
		r := newReader()
		req := v.requestFromWire(r, w)
		if v.check != nil {
			v.check(r, &account{plugin: &Info{}}, req)
		}
		return len(r.all.invalid), true
	}
}

func responseOf[P, Req, Resp any, WReq accountRequest, WResp proto.Message](v *verb[P, Req, Resp, WReq, WResp]) readable {
	return func(data []byte) (int, bool) {
		var none WResp
		w := none.ProtoReflect().New().Interface().(WResp)
		if proto.Unmarshal(data, w) != nil {
			return 0, false
		}
		scrub(w, nil)
		_, err := v.read(w)
		exchangesOf(w)
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

// FuzzMessages reads any bytes as any message: nothing may panic, whoever is at the other end.
func FuzzMessages(f *testing.F) {
	all := []readable{
		requestOf(&createPayment), responseOf(&createPayment), requestOf(&confirmPayment), requestOf(&listPayments),
		responseOf(&listPayments), requestOf(&capturePayment), requestOf(&createRefund), responseOf(&createRefund),
		requestOf(&createPayout), responseOf(&createPayout), responseOf(&listPayouts), responseOf(&getBalances),
		requestOf(&parseWebhook), responseOf(&parseWebhook), responseOf(&parseReturn), requestOf(&invokeOperation),
		responseOf(&invokeOperation), responseOf(&listPaymentMethods), responseOf(&checkHealth),
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
	seed(&wire.CreatePaymentResponse{Payment: &wire.Payment{
		Status: 1, NextAction: &wire.NextAction{Redirect: &wire.Redirect{Url: "https://p.example"}},
		Amount: &wire.Money{Amount: "1.50", Currency: "USD"}, Receipts: []*wire.Receipt{{Id: "1", Amount: &wire.Money{}}},
	}, Exchanges: []*wire.Exchange{{Method: "POST"}}})
	seed(&wire.ParseWebhookResponse{Events: []*wire.Event{{Payment: &wire.Payment{Status: 4}}}, Response: &wire.HTTPResponse{Status: 200}})
	seed(&wire.CreatePaymentRequest{Account: "main", Amount: &wire.Money{Amount: "1e9", Currency: "USD"}, Options: []byte("{}")})
	f.Fuzz(func(_ *testing.T, which byte, data []byte) { all[int(which)%len(all)](data) })
}

// FuzzEscapeInvalid: a query that could be carried stays as it is, and any becomes one that can be.
func FuzzEscapeInvalid(f *testing.F) {
	f.Add("a=1&b=%20")
	f.Add("a=\xe9&b=é\xff")
	f.Fuzz(func(t *testing.T, query string) {
		w := &wire.HTTPRequest{Query: escapeInvalid(query)}
		if _, err := proto.Marshal(w); err != nil {
			t.Fatal(err)
		}
		if again := escapeInvalid(w.Query); again != w.Query {
			t.Fatalf("%q became %q", w.Query, again)
		}
	})
}
