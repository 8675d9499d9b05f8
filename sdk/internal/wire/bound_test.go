package wire

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// answers are the messages that a plugin sends.
func answers() (list []protoreflect.MessageDescriptor) {
	all := pb.File_payhost_provider_v1_provider_proto.Services().
		ByName("ProviderService").
		Methods()
	for i := range all.Len() {
		list = append(list, all.Get(i).Output())
	}
	return append(list, (&pb.ErrorDetail{}).ProtoReflect().Descriptor())
}

// place is a field of an answer: the fields on the way to it, itself last.
type place []protoreflect.FieldDescriptor

func (p place) last() protoreflect.FieldDescriptor { return p[len(p)-1] }

func (p place) String() string {
	text := string(p[0].Parent().Name())
	for _, field := range p {
		text += "." + string(field.Name())
	}
	return text
}

// placesOf returns every field of an answer that can be of any size, however
// deep. What was said to the provider is not one: it is cut.
func placesOf(message protoreflect.MessageDescriptor, way place) (found []place) {
	fields := message.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		here := append(slices.Clone(way), field)
		if field.Name() == "exchanges" {
			continue
		}

		kind := field.Kind()
		if field.IsList() || (kind == protoreflect.StringKind) ||
			(kind == protoreflect.BytesKind) ||
			field.IsMap() {
			found = append(found, here)
		}

		if (field.Message() != nil) && !field.IsMap() {
			found = append(found, placesOf(field.Message(), here)...)
		}
	}

	return found
}

// with returns an answer in which nothing is set but one place.
func (p place) with(
	message protoreflect.MessageDescriptor,
	set func(protoreflect.Message),
) proto.Message {
	m := emptyOf(message)
	inner := m.ProtoReflect()

	for _, field := range p[:len(p)-1] {
		if field.IsList() {
			inner = inner.Mutable(field).List().AppendMutable().Message()
			continue
		}

		inner = inner.Mutable(field).Message()
	}

	set(inner)
	return m
}

// emptyOf returns a message of the generated type, which the bounds are told
// apart by.
func emptyOf(message protoreflect.MessageDescriptor) proto.Message {
	generated, err := protoregistry.GlobalTypes.FindMessageByName(message.FullName())
	if err != nil {
		panic(err) // generated code registers all of them
	}
	return generated.New().Interface()
}

// sized returns an answer whose place holds so many bytes or elements.
func (p place) sized(message protoreflect.MessageDescriptor, size int) proto.Message {
	field := p.last()
	return p.with(message, func(m protoreflect.Message) {
		switch {
		case field.IsMap():
			for i := range size {
				m.Mutable(field).
					Map().
					Set(protoreflect.ValueOfString(fmt.Sprint(i)).MapKey(), protoreflect.ValueOfString("v"))
			}
		case field.IsList():
			for range size {
				list := m.Mutable(field).List()
				if field.Message() != nil {
					list.AppendMutable()
					continue
				}

				list.Append(list.NewElement())
			}

		case field.Kind() == protoreflect.BytesKind:
			m.Set(field, protoreflect.ValueOfBytes(make([]byte, size)))
		default:
			m.Set(field, protoreflect.ValueOfString(strings.Repeat("x", size)))
		}
	})
}

func tooLarge(m proto.Message) []sdk.Violation {
	r := newReader()
	checkBounds(r, m)
	return r.problems.Invalid()
}

// A field that the contract gains is among these by itself.
func TestEveryFieldOfEveryAnswerIsBounded(t *testing.T) {
	seen := 0
	for _, message := range answers() {
		for _, p := range placesOf(message, nil) {
			field := p.last()
			if isCut(field) && !field.IsList() {
				continue // see TestFreeTextIsCut
			}
			seen++
			limit := boundOf(field, !field.IsList() && !field.IsMap())
			if (limit <= 0) || (limit > MaxMessageSize) {
				t.Errorf("%s: the bound is %d", p, limit)
				continue
			}

			if limit == MaxMessageSize { // the message around it would be larger
				limit -= 10
			}
			if found := tooLarge(p.sized(message, limit)); found != nil {
				t.Errorf("%s: %d is refused: %v", p, limit, found)
			}

			found := tooLarge(p.sized(message, limit+1))
			if field.FullName().Name() == "output" {
				found = tooLarge(p.sized(message, MaxMessageSize+1))
				if (len(found) != 1) || (found[0].Field != "answer") {
					t.Errorf("%s: %v", p, found)
				}
				continue
			}

			if (len(found) != 1) ||
				!strings.HasSuffix(found[0].Field, reportedName(field)) {
				t.Errorf("%s: %d is taken: %v", p, limit+1, found)
				continue
			}

			if !strings.Contains(found[0].Message, fmt.Sprintf("at most %d ", limit)) {
				t.Errorf("%s: %v", p, found[0])
			}
		}
	}

	if seen < 100 {
		t.Errorf("only %d fields were seen", seen)
	}
}

// Also each text in a list, and each name and value in a map.
func TestWhatListsAndMapsHoldIsBounded(t *testing.T) {
	for _, message := range answers() {
		for _, p := range placesOf(message, nil) {
			field := p.last()
			long := protoreflect.ValueOfString(strings.Repeat("x", boundOf(field, true)+1))

			switch {
			case field.IsMap():
				value := p.with(message, func(m protoreflect.Message) {
					m.Mutable(field).
						Map().
						Set(protoreflect.ValueOfString("k").MapKey(), long)
				})

				name := p.with(message, func(m protoreflect.Message) {
					key := protoreflect.ValueOfString(strings.Repeat("k", maxKey+1)).
						MapKey()
					m.Mutable(field).Map().Set(key, protoreflect.ValueOfString(""))
				})
				if (len(tooLarge(value)) != 1) || (len(tooLarge(name)) != 1) {
					t.Errorf("%s: %v, %v", p, tooLarge(value), tooLarge(name))
				}

			case field.IsList() && (field.Kind() == protoreflect.StringKind) && !isCut(field):
				text := p.with(
					message,
					func(m protoreflect.Message) { m.Mutable(field).List().Append(long) },
				)
				if len(tooLarge(text)) != 1 {
					t.Errorf("%s: %v", p, tooLarge(text))
				}
			}
		}
	}
}

func TestFreeTextIsCut(t *testing.T) {
	for _, message := range answers() {
		for _, p := range placesOf(message, nil) {
			field := p.last()
			if !isCut(field) {
				continue
			}
			m := p.with(message, func(m protoreflect.Message) {
				long := protoreflect.ValueOfString(strings.Repeat("x", 1<<20))
				if field.IsList() {
					m.Mutable(field).List().Append(long)
					return
				}
				m.Set(field, long)
			})
			if found := tooLarge(m); found != nil {
				t.Errorf("%s: refused: %v", p, found)
			}

			Scrub(m, nil)
			if size := proto.Size(m); size > 2100 {
				t.Errorf("%s: %d bytes are left", p, size)
			}
		}
	}
}

// Many fields, each within its bound, are too much together.
func TestAnAnswerAsAWholeIsBounded(t *testing.T) {
	var list []sdk.PaymentMethod
	for range 400 {
		list = append(
			list,
			sdk.PaymentMethod{ID: "a", Name: "A", Guide: strings.Repeat("x", 16<<10)},
		)
	}

	found := tooLarge(ListPaymentMethods.encodeResponse(list))
	if (len(found) != 1) || (found[0].Field != "answer") {
		t.Errorf("6.4 MB: %v", found)
	}
	if found := tooLarge(ListPaymentMethods.encodeResponse(list[:200])); found != nil {
		t.Errorf("3.2 MB: %v", found)
	}
}

// Whoever writes a plugin sees it beside the code that made it.
func TestAnAuthorsAnswerIsBoundedInThePlugin(t *testing.T) {
	answer := &sdk.Payment{
		Status: sdk.PaymentRequiresAction,
		NextAction: &sdk.NextAction{
			Display: &sdk.Display{Instructions: strings.Repeat("x", 17<<10)}},
	}
	_, err := CreatePayment.Answer(answer, nil)
	if (err == nil) || (err.Code != sdk.CodeInternal) ||
		(err.Outcome != sdk.OutcomeUnknown) ||
		!strings.Contains(
			err.Error(),
			"payment.next_action.display.instructions: at most 16384 bytes",
		) {
		t.Errorf("got %v", err)
	}
}
