package wire

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// What an answer may hold, in bytes of a text, bytes of a blob, and elements of
// a list or map. Every field has a bound: these, where the tables below say
// nothing else.
const (
	maxText    = 2000
	maxBlob    = 64 << 10
	maxList    = 1000
	maxEntries = 100
	maxKey     = 200

	// maxAnswer bounds an answer as a whole, but for its exchanges, and
	// maxReceived all that a plugin may send in answer to one call. An operation's
	// output, which is for whoever has asked for it, may fill a message.
	maxAnswer   = 4 << 20
	maxReceived = 6 << 20
	// readExchanges is how many exchanges of an answer are looked at.
	readExchanges = 256
)

// boundsOf names the fields of answers that may hold more than most, or have to
// hold less: a message and a field of it by their wire names.
var boundsOf = map[protoreflect.FullName]int{
	"GetInfoResponse.description":          4 << 10,
	"GetInfoResponse.config_schema":        256 << 10,
	"GetInfoResponse.operations":           100,
	"Operation.description":                4 << 10,
	"ConfigureResponse.warnings":           100,
	"Redirect.url":                         maxURL,
	"Redirect.fields":                      16 << 10, // of a value: some carry a whole signed document
	"Display.instructions":                 16 << 10,
	"Display.fields":                       100,
	"DisplayField.value":                   8 << 10,
	"Confirm.fields":                       100,
	"PaymentMethod.logo_url":               maxURL,
	"PaymentMethod.guide":                  16 << 10,
	"PaymentMethod.fields":                 100,
	"ListPaymentMethodsResponse.methods":   5000,
	"ListPaymentsResponse.payments":        10000,
	"ListPayoutsResponse.payouts":          10000,
	"ListPaymentsResponse.next_page_token": maxPageToken,
	"ListPayoutsResponse.next_page_token":  maxPageToken,
	"Payment.provider_state":               maxState,
	"Payout.provider_state":                maxState,
	"Refund.provider_state":                maxState,
	"InvokeOperationResponse.output":       MaxMessageSize,
	"HTTPResponse.headers":                 64,
	"Header.value":                         8 << 10,
	"ParseWebhookResponse.events":          1000,
}

// boundOf returns the bound of a field: of each text or blob in it when each is
// set, else of the number of its elements. A list of texts has both, of which
// only the number is ever in the table.
func boundOf(field protoreflect.FieldDescriptor, each bool) int {
	name := protoreflect.FullName(field.Parent().Name()).Append(field.Name())
	if limit, listed := boundsOf[name]; listed && (each == isEach(field)) {
		return limit
	}
	switch {
	case !each && field.IsMap():
		return maxEntries
	case !each:
		return maxList
	case field.Kind() == protoreflect.BytesKind:
		return maxBlob
	}
	return maxText
}

// isEach reports whether the table bounds the values of a field: those of a
// single value and of a map, not those of a list.
func isEach(field protoreflect.FieldDescriptor) bool { return !field.IsList() }

// ReceiveLimit returns how large a message a call takes that is answered with m:
// any size of one whose kind is not known before, as tools call.
func ReceiveLimit(m proto.Message) int {
	switch m.(type) {
	case nil, *pb.InvokeOperationResponse:
		return MaxMessageSize
	}
	return maxReceived
}

// CheckSize returns what is too large in an answer, nil when nothing is. The
// outcome is unknown: whoever gave it may well have acted.
func CheckSize(m proto.Message) *sdk.Error {
	r := newReader()
	bound(r, m)
	verb := strings.TrimSuffix(string(m.ProtoReflect().Descriptor().Name()), "Response")
	return r.problems.AnswerError("the plugin's " + verb)
}

// bound reports each part of an answer that is larger than the contract allows,
// before anything is made of the answer. It looks at every field of every
// message, so that a field which the contract gains is bounded too.
func bound(r *reader, m proto.Message) {
	limit := maxAnswer
	if m.ProtoReflect().Descriptor() == (*pb.InvokeOperationResponse)(nil).ProtoReflect().Descriptor() {
		limit = MaxMessageSize
	}
	if size := proto.Size(m) - sizeOfExchanges(m); size > limit {
		r.fail("answer", "at most %d bytes, this has %d", limit, size)
		return
	}
	boundMessage(r, m.ProtoReflect())
}

// sizeOfExchanges returns how much of a message is what was said to the
// provider: that is cut to its own bounds and refused for nothing.
func sizeOfExchanges(m proto.Message) (size int) {
	field := exchangesField(m.ProtoReflect().Descriptor())
	if field == nil {
		return 0
	}
	list := m.ProtoReflect().Get(field).List()
	for i := range list.Len() {
		size += proto.Size(list.Get(i).Message().Interface())
	}
	return size
}

func exchangesField(message protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	field := message.Fields().ByName("exchanges")
	if (field == nil) || !field.IsList() || (field.Message() == nil) {
		return nil
	}
	return field
}

// reportedName returns what authors call a field.
func reportedName(field protoreflect.FieldDescriptor) string {
	if field.Name() == "provider_state" {
		return "state"
	}
	return string(field.Name())
}

func boundMessage(r *reader, m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		name := reportedName(field)
		switch {
		case field == exchangesField(m.Descriptor()), isCut(field) && !field.IsList():
		case field.IsMap():
			boundMap(r, field, value.Map())
		case field.IsList():
			boundList(r, field, value.List())
		case field.Message() != nil:
			boundMessage(r.in(name), value.Message())
		default:
			boundValue(r, name, boundOf(field, true), value)
		}
		return len(r.problems.Invalid()) < maxProblems
	})
}

// isCut reports whether a field is free text, which is cut instead of refused.
func isCut(field protoreflect.FieldDescriptor) bool {
	_, free := textLimits[field.Name()]
	return free && (field.Name() != "url")
}

// boundValue judges a text or a blob; numbers are bounded by their kind.
func boundValue(r *reader, name string, limit int, value protoreflect.Value) {
	size := 0
	switch held := value.Interface().(type) {
	case string:
		size = len(held)
	case []byte:
		size = len(held)
	}
	if size > limit {
		r.fail(name, "at most %d bytes, this has %d", limit, size)
	}
}

func boundList(r *reader, field protoreflect.FieldDescriptor, list protoreflect.List) {
	name := string(field.Name())
	if limit := boundOf(field, false); list.Len() > limit {
		r.fail(name, "at most %d elements, this has %d", limit, list.Len())
		return
	}
	for i := range list.Len() {
		if field.Message() != nil {
			boundMessage(r.item(name, i), list.Get(i).Message())
			continue
		}
		if !isCut(field) {
			boundValue(r, fmt.Sprintf("%s[%d]", name, i), boundOf(field, true), list.Get(i))
		}
	}
}

// boundMap knows that the contract's maps are all from string to string.
func boundMap(r *reader, field protoreflect.FieldDescriptor, entries protoreflect.Map) {
	name := string(field.Name())
	if limit := boundOf(field, false); entries.Len() > limit {
		r.fail(name, "at most %d entries, this has %d", limit, entries.Len())
		return
	}
	entries.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		if len(key.String()) > maxKey {
			r.fail(name, "a name may have %d bytes, this has %d", maxKey, len(key.String()))
			return false
		}
		boundValue(r, name+"."+key.String(), boundOf(field, true), value)
		return true
	})
}
