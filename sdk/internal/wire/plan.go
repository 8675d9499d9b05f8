package wire

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// plan says what Scrub and checkBounds look at in the messages of one type. It
// is made once of the type's descriptor; a call then goes through the struct of
// the generated code, which costs a tenth of walking the message by descriptors.
type plan struct {
	fields []plannedField
}

// plannedField is a field that holds text, bytes, a message or a list. Numbers
// are bounded by their kind, and have nothing to scrub.
type plannedField struct {
	index int    // in the struct
	name  string // what authors call the field
	shape shape

	inner *plan // of a message, or of each message of a list

	// Free text is masked, and cut to limit.
	free  bool
	limit int

	// The bounds of an answer. A field that is cut or that holds exchanges is
	// never refused.
	exempt bool
	each   int // the most bytes of each text or blob
	count  int // the most elements of a list or a map
}

// shape is how the generated code keeps a field.
type shape int

const (
	shapeText shape = iota
	shapeBlob
	shapeTexts
	shapeMap // from text to text
	shapeMessage
	shapeMessages
	shapeNumbers
)

// plans has the plan of each type of message that was seen, by its
// reflect.Type.
var (
	plans    sync.Map
	planning sync.Mutex
)

// planOf returns the plan of a generated message's type.
func planOf(m proto.Message) *plan {
	kind := reflect.TypeOf(m).Elem()
	if found, ok := plans.Load(kind); ok {
		return found.(*plan) //nolint:errcheck // nothing else is ever put there
	}

	planning.Lock()
	defer planning.Unlock()
	return makePlan(kind)
}

// makePlan makes the plan of a message and of all in it. The caller holds
// planning. It panics for a field of a shape that the contract does not have
// yet: a field must not pass unseen, and a test makes every plan.
func makePlan(kind reflect.Type) *plan {
	if found, ok := plans.Load(kind); ok {
		return found.(*plan) //nolint:errcheck // nothing else is ever put there
	}
	empty, ok := reflect.Zero(reflect.PointerTo(kind)).Interface().(proto.Message)
	if !ok {
		panic(fmt.Sprintf("wire: %s is not a message", kind))
	}
	descriptor := empty.ProtoReflect().Descriptor()

	made := &plan{}
	for i := range kind.NumField() {
		name, ok := wireName(kind.Field(i))
		if !ok {
			continue // of protobuf's own
		}
		field := descriptor.Fields().ByName(name)
		if planned, ok := planField(kind.Field(i), field); ok {
			planned.index = i
			made.fields = append(made.fields, planned)
		}
	}

	plans.Store(kind, made)
	return made
}

// wireName returns the name of a struct's field in the contract.
func wireName(field reflect.StructField) (name protoreflect.Name, ok bool) {
	for part := range strings.SplitSeq(field.Tag.Get("protobuf"), ",") {
		if name, ok := strings.CutPrefix(part, "name="); ok {
			return protoreflect.Name(name), true
		}
	}
	return "", false
}

// planField returns what is to be done with a field, and whether that is
// anything.
func planField(
	in reflect.StructField, field protoreflect.FieldDescriptor,
) (planned plannedField, ok bool) {
	planned = plannedField{
		name:  reportedName(field),
		each:  boundOf(field, true),
		count: boundOf(field, false),
	}
	planned.limit, planned.free = cutOf(field)
	planned.exempt = (field == exchangesField(field.ContainingMessage())) ||
		(isCut(field) && !field.IsList())

	switch {
	case in.Type == reflect.TypeFor[string]():
		planned.shape = shapeText
	case in.Type == reflect.TypeFor[[]byte]():
		planned.shape = shapeBlob
	case in.Type == reflect.TypeFor[[]string]():
		planned.shape = shapeTexts
	case in.Type == reflect.TypeFor[map[string]string]():
		planned.shape = shapeMap
	case field.IsList() && (field.Message() != nil):
		planned.shape = shapeMessages
		planned.inner = makePlan(in.Type.Elem().Elem())
	case !field.IsMap() && (field.Message() != nil):
		planned.shape = shapeMessage
		planned.inner = makePlan(in.Type.Elem())
		return planned, len(planned.inner.fields) > 0
	case field.IsList() && isNumber(field):
		planned.shape = shapeNumbers
	case !field.IsMap() && isNumber(field):
		return planned, false
	default:
		panic(fmt.Sprintf("wire: no plan is known for %s, a %s", field.FullName(), in.Type))
	}
	return planned, true
}

func isNumber(field protoreflect.FieldDescriptor) bool {
	kind := field.Kind()
	return (kind != protoreflect.StringKind) && (kind != protoreflect.BytesKind)
}

// valueOf returns the struct of a message; ok is false for a nil message.
func valueOf(m proto.Message) (message reflect.Value, ok bool) {
	pointer := reflect.ValueOf(m)
	if pointer.IsNil() {
		return reflect.Value{}, false
	}
	return pointer.Elem(), true
}

// held returns a pointer to the value of a field, which has the type T.
func held[T any](message reflect.Value, index int) *T {
	return message.Field(index).Addr().Interface().(*T) //nolint:errcheck // planField has looked
}
