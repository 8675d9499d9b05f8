package wire

import (
	"fmt"
	"reflect"
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

	if len(read.problems.Invalid()) == 0 {
		return nil
	}
	name := string(answer.ProtoReflect().Descriptor().Name())
	return read.problems.AnswerError("the plugin's", strings.TrimSuffix(name, "Response"))
}

// checkBounds reports each part of an answer that is larger than the contract
// allows, before anything is made of the answer. It looks at every field of
// every message, so that a field which the contract gains is bounded too.
func checkBounds(read *reader, answer proto.Message) {
	limit := maxAnswer
	if _, isOutput := answer.(*pb.InvokeOperationResponse); isOutput {
		limit = MaxMessageSize
	}

	// An answer that is too large as a whole is not walked through.
	size := proto.Size(answer) - sizeOfExchanges(answer)
	if size > limit {
		read.fail("answer", "at most %d bytes, this has %d", limit, size)
		return
	}
	if message, ok := valueOf(answer); ok {
		planOf(answer).bound(read, message)
	}
}

// sizeOfExchanges returns how many bytes of an answer are its exchanges. They
// are cut to bounds of their own, so no answer is refused for them.
func sizeOfExchanges(answer proto.Message) (size int) {
	carrier, ok := answer.(exchangesCarrier)
	if !ok {
		return 0
	}
	for _, exchange := range carrier.GetExchanges() {
		size += proto.Size(exchange)
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

// bound reports the fields of a message that are larger than they may be. It
// ends at maxProblems: an error carries no more.
func (p *plan) bound(read *reader, message reflect.Value) {
	for i := range p.fields {
		if len(read.problems.Invalid()) >= maxProblems {
			return
		}
		// Exchanges and free text are cut, not refused: a long message must not
		// cost the answer of a call that moved money.
		if field := &p.fields[i]; !field.exempt {
			field.bound(read, message)
		}
	}
}

func (f *plannedField) bound(read *reader, message reflect.Value) {
	switch f.shape {
	case shapeText, shapeBlob:
		f.boundSize(read, f.name, message.Field(f.index).Len())
	case shapeTexts:
		f.boundTexts(read, *held[[]string](message, f.index))
	case shapeMap:
		f.boundMap(read, *held[map[string]string](message, f.index))
	case shapeMessage:
		if inner := message.Field(f.index); !inner.IsNil() {
			f.inner.bound(read.in(f.name), inner.Elem())
		}
	case shapeMessages:
		f.boundMessages(read, message.Field(f.index))
	case shapeNumbers:
		f.countElements(read, message.Field(f.index).Len())
	}
}

// boundSize judges the size of a text or a blob.
func (f *plannedField) boundSize(read *reader, name string, size int) {
	if size > f.each {
		read.fail(name, "at most %d bytes, this has %d", f.each, size)
	}
}

// countElements judges the length of a list, and reports whether its elements
// are to be looked at.
func (f *plannedField) countElements(read *reader, length int) (few bool) {
	if length > f.count {
		read.fail(f.name, "at most %d elements, this has %d", f.count, length)
		return false
	}
	return true
}

// boundTexts looks at each text of a list, unless they are free text.
func (f *plannedField) boundTexts(read *reader, texts []string) {
	if !f.countElements(read, len(texts)) || f.free {
		return
	}
	for i, text := range texts {
		if len(text) > f.each {
			f.boundSize(read, fmt.Sprintf("%s[%d]", f.name, i), len(text))
		}
	}
}

func (f *plannedField) boundMessages(read *reader, list reflect.Value) {
	if !f.countElements(read, list.Len()) {
		return
	}
	for i := range list.Len() {
		if inner := list.Index(i); !inner.IsNil() {
			f.inner.bound(read.item(f.name, i), inner.Elem())
		}
	}
}

func (f *plannedField) boundMap(read *reader, entries map[string]string) {
	if len(entries) > f.count {
		read.fail(f.name, "at most %d entries, this has %d", f.count, len(entries))
		return
	}
	for key, value := range entries {
		if len(key) > maxKey {
			read.fail(f.name, "a name may have %d bytes, this has %d", maxKey, len(key))
			return
		}
		if len(value) > f.each {
			f.boundSize(read, f.name+"."+key, len(value))
		}
	}
}

// isCut reports whether a field is free text, which is cut instead of refused.
func isCut(field protoreflect.FieldDescriptor) bool {
	_, free := textLimits[field.Name()]
	return free && (field.Name() != "url")
}
