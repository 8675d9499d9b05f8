package wire

import (
	"math"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeExchange keeps a status that is none from becoming a negative number.
func encodeExchange(e *sdk.Exchange) *pb.Exchange {
	return &pb.Exchange{
		Method: e.Method, Url: e.URL, RequestBody: e.RequestBody,
		Status: int32(min(max(e.Status, 0), math.MaxInt32)), ResponseBody: e.ResponseBody,
		Duration: encodeDuration(e.Duration), Error: e.Error, NotSent: !e.Sent,
	}
}

func decodeExchange(r *reader, w *pb.Exchange) sdk.Exchange {
	return sdk.Exchange{
		Method: w.GetMethod(), URL: w.GetUrl(), RequestBody: w.GetRequestBody(),
		Status: int(w.GetStatus()), ResponseBody: w.GetResponseBody(),
		Duration: r.duration("duration", w.GetDuration()), Error: w.GetError(), Sent: !w.GetNotSent(),
	}
}

// SetExchanges fills the answer's field "exchanges", if it has one: the verbs of the contract that ask the provider do.
func SetExchanges(m proto.Message, list []sdk.Exchange) {
	msg := m.ProtoReflect()
	field := msg.Descriptor().Fields().ByName("exchanges")
	if field == nil || len(list) == 0 {
		return
	}
	value := msg.NewField(field)
	for i := range list {
		value.List().Append(protoreflect.ValueOfMessage(encodeExchange(&list[i]).ProtoReflect()))
	}
	msg.Set(field, value)
}

// ExchangesOf gives what a message has in its field "exchanges".
func ExchangesOf(m any) []sdk.Exchange {
	carrier, ok := m.(interface{ GetExchanges() []*pb.Exchange })
	if !ok {
		return nil
	}
	list := carrier.GetExchanges()
	list = list[:min(len(list), readExchanges)]
	for _, one := range list {
		Scrub(one, nil)
	}
	// A duration that is none is no reason to lose the rest.
	return decodeList(newReader(), "exchanges", list, decodeExchange)
}
