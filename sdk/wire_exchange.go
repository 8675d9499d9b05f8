package sdk

import (
	"math"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// exchangeToWire keeps a status that is none from becoming a negative number.
func exchangeToWire(e *Exchange) *wire.Exchange {
	return &wire.Exchange{
		Method: e.Method, Url: e.URL, RequestBody: e.RequestBody,
		Status: int32(min(max(e.Status, 0), math.MaxInt32)), ResponseBody: e.ResponseBody,
		Duration: durationToWire(e.Duration), Error: e.Error, NotSent: !e.Sent,
	}
}

func exchangeFromWire(r *reader, w *wire.Exchange) Exchange {
	return Exchange{
		Method: w.GetMethod(), URL: w.GetUrl(), RequestBody: w.GetRequestBody(),
		Status: int(w.GetStatus()), ResponseBody: w.GetResponseBody(),
		Duration: r.duration("duration", w.GetDuration()), Error: w.GetError(), Sent: !w.GetNotSent(),
	}
}

// setExchanges fills the answer's field "exchanges", if it has one: the verbs of the contract that ask the provider do.
func setExchanges(m proto.Message, list []Exchange) {
	msg := m.ProtoReflect()
	field := msg.Descriptor().Fields().ByName("exchanges")
	if field == nil || len(list) == 0 {
		return
	}
	value := msg.NewField(field)
	for i := range list {
		value.List().Append(protoreflect.ValueOfMessage(exchangeToWire(&list[i]).ProtoReflect()))
	}
	msg.Set(field, value)
}

// exchangesOf gives what a message has in its field "exchanges".
func exchangesOf(m any) []Exchange {
	carrier, ok := m.(interface{ GetExchanges() []*wire.Exchange })
	if !ok {
		return nil
	}
	list := carrier.GetExchanges()
	list = list[:min(len(list), readExchanges)]
	for _, one := range list {
		scrub(one, nil)
	}
	// A duration that is none is no reason to lose the rest.
	return listFromWire(newReader(), "exchanges", list, exchangeFromWire)
}
