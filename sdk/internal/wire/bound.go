package wire

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// Every field of an answer has a bound: these, unless boundsOf has another.
const (
	maxText    = 2000     // bytes of a text
	maxBlob    = 64 << 10 // bytes of a blob
	maxList    = 1000     // elements of a list
	maxEntries = 100      // entries of a map
	maxKey     = 200      // bytes of a map's key
)

// An answer is also bounded as a whole, in bytes. The exception is an
// operation's output, which is for the caller who has asked for it: it may fill
// a message.
const (
	maxAnswer   = 4 << 20 // without its exchanges
	maxReceived = 6 << 20 // all that a plugin may send in answer to one call
)

// readExchanges is how many exchanges of an answer are looked at.
const readExchanges = 256

// boundsOf has the fields of answers that may hold more than most, or have to
// hold less: a message and a field of it by their wire names. The bound of a
// map is that of each value.
var boundsOf = map[protoreflect.FullName]int{
	"GetInfoResponse.description":          4 << 10,
	"GetInfoResponse.config_schema":        256 << 10,
	"GetInfoResponse.operations":           100,
	"Operation.description":                4 << 10,
	"ConfigureResponse.warnings":           100,
	"Redirect.url":                         maxURL,
	"Redirect.fields":                      16 << 10, // some carry a whole signed document
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
	// The number in the table is that of elements for a list, and of the bytes
	// of each value for any other field.
	tableIsOfEach := !field.IsList()
	if limit, listed := boundsOf[name]; listed && (each == tableIsOfEach) {
		return limit
	}

	switch {
	case !each && field.IsMap():
		return maxEntries
	case !each:
		return maxList
	case field.Kind() == protoreflect.BytesKind:
		return maxBlob
	default:
		return maxText
	}
}

// ReceiveLimit returns how large a message a call takes, in bytes, that is
// answered with answer. A nil answer, as tools have it, is one of any kind.
func ReceiveLimit(answer proto.Message) int {
	switch answer.(type) {
	case nil, *pb.InvokeOperationResponse:
		return MaxMessageSize
	default:
		return maxReceived
	}
}

// CheckSize returns what is too large in a plugin's answer, nil when nothing
// is. The outcome is unknown: the plugin may well have acted.
func CheckSize(answer proto.Message) *sdk.Error {
	read := newReader()
	checkBounds(read, answer)

	name := string(answer.ProtoReflect().Descriptor().Name())
	return read.problems.AnswerError("the plugin's " + strings.TrimSuffix(name, "Response"))
}

// checkBounds reports each part of an answer that is larger than the contract
// allows, before anything is made of the answer. It looks at every field of
// every message, so that a field which the contract gains is bounded too.
func checkBounds(read *reader, answer proto.Message) {
	limit := maxAnswer
	if answer.ProtoReflect().Descriptor() == operationOutput {
		limit = MaxMessageSize
	}

	// An answer that is too large as a whole is not walked through.
	size := proto.Size(answer) - sizeOfExchanges(answer)
	if size > limit {
		read.fail("answer", "at most %d bytes, this has %d", limit, size)
		return
	}
	boundMessage(read, answer.ProtoReflect())
}

var operationOutput = (*pb.InvokeOperationResponse)(nil).ProtoReflect().Descriptor()

// sizeOfExchanges returns how many bytes of an answer are its exchanges. They
// are cut to bounds of their own, so no answer is refused for them.
func sizeOfExchanges(answer proto.Message) (size int) {
	message := answer.ProtoReflect()
	field := exchangesField(message.Descriptor())
	if field == nil {
		return 0
	}

	exchanges := message.Get(field).List()
	for i := range exchanges.Len() {
		size += proto.Size(exchanges.Get(i).Message().Interface())
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

func boundMessage(read *reader, message protoreflect.Message) {
	exchanges := exchangesField(message.Descriptor())

	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		name := reportedName(field)
		// Exchanges and free text are cut, not refused: a long message must not
		// cost the answer of a call that moved money.
		switch {
		case field == exchanges:
		case isCut(field) && !field.IsList():
		case field.IsMap():
			boundMap(read, field, value.Map())
		case field.IsList():
			boundList(read, field, value.List())
		case field.Message() != nil:
			boundMessage(read.in(name), value.Message())
		default:
			boundValue(read, name, boundOf(field, true), value)
		}
		// The walk ends at maxProblems: an error carries no more.
		return len(read.problems.Invalid()) < maxProblems
	})
}

// isCut reports whether a field is free text, which is cut instead of refused.
func isCut(field protoreflect.FieldDescriptor) bool {
	_, free := textLimits[field.Name()]
	return free && (field.Name() != "url")
}

// boundValue judges a text or a blob; numbers are bounded by their kind.
func boundValue(read *reader, name string, limit int, value protoreflect.Value) {
	size := 0
	switch held := value.Interface().(type) {
	case string:
		size = len(held)
	case []byte:
		size = len(held)
	}

	if size > limit {
		read.fail(name, "at most %d bytes, this has %d", limit, size)
	}
}

func boundList(read *reader, field protoreflect.FieldDescriptor, list protoreflect.List) {
	name := string(field.Name())
	if limit := boundOf(field, false); list.Len() > limit {
		read.fail(name, "at most %d elements, this has %d", limit, list.Len())
		return
	}

	for i := range list.Len() {
		switch {
		case field.Message() != nil:
			boundMessage(read.item(name, i), list.Get(i).Message())
		case !isCut(field):
			element := fmt.Sprintf("%s[%d]", name, i)
			boundValue(read, element, boundOf(field, true), list.Get(i))
		}
	}
}

// boundMap knows that the contract's maps are all from string to string.
func boundMap(read *reader, field protoreflect.FieldDescriptor, entries protoreflect.Map) {
	name := string(field.Name())
	if limit := boundOf(field, false); entries.Len() > limit {
		read.fail(name, "at most %d entries, this has %d", limit, entries.Len())
		return
	}

	entries.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		if length := len(key.String()); length > maxKey {
			read.fail(name, "a name may have %d bytes, this has %d", maxKey, length)
			return false
		}
		boundValue(read, name+"."+key.String(), boundOf(field, true), value)
		return true
	})
}
