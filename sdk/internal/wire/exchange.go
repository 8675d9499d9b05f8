package wire

import (
	"math"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// SetExchanges fills the message's field "exchanges", if it has one: the
// answers of verbs that ask the provider do.
func SetExchanges(m proto.Message, exchanges []sdk.Exchange) {
	if len(exchanges) == 0 {
		return
	}
	message := m.ProtoReflect()
	field := exchangesField(message.Descriptor())
	if field == nil {
		return
	}

	value := message.NewField(field)
	for i := range exchanges {
		encoded := encodeExchange(&exchanges[i]).ProtoReflect()
		value.List().Append(protoreflect.ValueOfMessage(encoded))
	}
	message.Set(field, value)
}

// exchangesCarrier is an answer with a field "exchanges".
type exchangesCarrier interface{ GetExchanges() []*pb.Exchange }

// ExchangesOf returns what a message has in its field "exchanges", as many as a
// host looks at.
func ExchangesOf(m any) []sdk.Exchange {
	carrier, ok := m.(exchangesCarrier)
	if !ok {
		return nil
	}

	list := carrier.GetExchanges()
	list = list[:min(len(list), readExchanges)]
	for _, exchange := range list {
		Scrub(exchange, nil)
	}
	// A fault in one of them is ignored: an odd duration is no reason to
	// lose the rest.
	return decodeList(newReader(), "exchanges", list, decodeExchange)
}

// encodeExchange bounds the status, so that a wrong one does not turn negative.
func encodeExchange(exchange *sdk.Exchange) *pb.Exchange {
	return &pb.Exchange{
		Method:       exchange.Method,
		Url:          exchange.URL,
		RequestBody:  exchange.RequestBody,
		Status:       int32(min(max(exchange.Status, 0), math.MaxInt32)),
		ResponseBody: exchange.ResponseBody,
		Duration:     encodeDuration(exchange.Duration),
		Error:        exchange.Error,
		NotSent:      !exchange.Sent,
	}
}

func decodeExchange(read *reader, from *pb.Exchange) sdk.Exchange {
	return sdk.Exchange{
		Method:       from.GetMethod(),
		URL:          from.GetUrl(),
		RequestBody:  from.GetRequestBody(),
		Status:       int(from.GetStatus()),
		ResponseBody: from.GetResponseBody(),
		Duration:     read.duration("duration", from.GetDuration()),
		Error:        from.GetError(),
		Sent:         !from.GetNotSent(),
	}
}
