package configschema

import (
	"encoding"
	"fmt"
	"reflect"
)

// Problem is one thing that is wrong with a text. Field is a path such as
// "keys[1]" or "bank.code"; Message never holds a value that was given.
type Problem struct {
	Field   string
	Message string
}

// Failure is all that is wrong with a text. Problems is empty when the text as
// a whole is wrong and Subject.Field names nothing that could be blamed.
type Failure struct {
	Message  string
	Problems []Problem
}

// Subject says how problems of a text are worded.
type Subject struct {
	Name   string // begins the message: "the configuration is"
	Field  string // the field to blame for the text as a whole; may be empty
	Prefix string // begins every problem's field
}

// Decode reads text, one JSON object, into the struct that into points to. A
// nil Failure is success. On failure the struct may be half filled.
//
// It panics when into is not a pointer to a struct, or when the struct's tags
// make no sense: both are mistakes in the program.
func Decode(text []byte, into any, subject Subject) *Failure {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		panic(fmt.Sprintf("sdk: %s must be decoded into a pointer to a struct, not %T",
			subject.Field, into))
	}

	plan := planOf(target.Type().Elem())
	failure := &Failure{Message: subject.Name + " not valid"}

	// Text that is not an object at all has no keys to blame.
	root, err := parseObject(text)
	if err != nil {
		if subject.Field == "" {
			failure.Message += ": it " + err.Error()
		} else {
			failure.Problems = []Problem{{Field: subject.Field, Message: err.Error()}}
		}

		return failure
	}

	// One problem hides no other: the whole text is walked.
	run := newDecoding()
	run.object(plan, root, target.Elem(), subject.Prefix, given)

	problems, total := run.result()
	if total == 0 {
		return nil
	}
	if total > len(problems) {
		failure.Message += fmt.Sprintf(
			" (the first %d of %d problems)",
			len(problems),
			total,
		)
	}

	failure.Problems = problems
	return failure
}

// presence reports whether an object stands in the text.
type presence bool

const (
	given  presence = true
	absent presence = false
)

// decoding walks a plan and a text together, and goes on after every problem.
type decoding struct {
	problems []Problem
	reported map[string]bool // the fields of problems

	// seen has the path of every known key, also of absent ones, with its place
	// in the order of the struct.
	seen    map[string]int
	unknown []unknownKey
	secrets secrets
}

func newDecoding() *decoding {
	return &decoding{reported: map[string]bool{}, seen: map[string]int{}}
}

// object decodes an object's members into target. An absent object is decoded
// as if it were empty, for its defaults, but then nothing is missing in it and
// its Validate is not called.
func (d *decoding) object(
	plan *structPlan,
	object *jsonNode,
	target reflect.Value,
	prefix string,
	standing presence,
) {
	for i := range plan.fields {
		field := &plan.fields[i]
		path := prefix + field.key
		d.seen[path] = len(d.seen)
		d.member(
			field,
			object.member(field.key),
			target.FieldByIndex(field.index),
			path,
			standing,
		)
	}

	// Unknown keys are collected, not reported: they come last.
	for i := range object.members {
		key := object.members[i].key
		if !plan.known[key] {
			d.unknown = append(d.unknown, unknownKey{prefix, key, plan, object})
		}
	}

	if standing == given {
		d.validateAll(plan, target, prefix)
	}
}

// member decodes one key: what is given, else its default.
func (d *decoding) member(
	field *fieldPlan,
	member *jsonMember,
	target reflect.Value,
	path string,
	standing presence,
) {
	switch {
	case member != nil && member.repeated:
		d.report(path, "is given more than once")
	case member != nil && !isAbsent(field, &member.value):
		d.value(field, &member.value, target, path)
	case field.required && standing == given:
		d.report(path, "is missing")
	case field.fallback != nil:
		d.value(field, field.fallback, target, path)
	case field.typ == typeStruct && !field.list:
		d.object(field.nested, &jsonNode{}, target, path+".", absent)
	}
}

// isAbsent reports whether value stands for a key that is left out: empty text
// does, so that a variable that is set to nothing gets the default, or is
// missing. So does an empty list of a required key.
func isAbsent(field *fieldPlan, value *jsonNode) bool {
	if field.list && field.required && value.kind == kindList && len(value.list) == 0 {
		return true
	}
	isText := field.typ != typeBool && field.typ != typeInt && field.typ != typeStruct
	return isText && value.kind == kindText && value.text == ""
}

// value decodes a value that is given, or a default, into target.
func (d *decoding) value(
	field *fieldPlan,
	value *jsonNode,
	target reflect.Value,
	path string,
) {
	if field.list {
		d.list(field, value, target, path)
	} else {
		d.item(field, value, target, path)
	}
}

// list decodes a list; one text is a list of one.
func (d *decoding) list(
	field *fieldPlan,
	value *jsonNode,
	target reflect.Value,
	path string,
) {
	// An operator may write one text where a list can stand.
	switch {
	case value.kind == kindText && field.typ != typeStruct:
		one := reflect.MakeSlice(target.Type(), 1, 1)
		d.item(field, value, one.Index(0), path)
		target.Set(one)
		return
	case value.kind != kindList && field.typ == typeStruct:
		d.report(path, "must be a list of objects, not "+string(value.kind))
		return
	case value.kind != kindList:
		d.report(path, "must be text or a list of texts, not "+string(value.kind))
		return
	}

	// Each item has a path of its own, such as keys[1].
	items := reflect.MakeSlice(target.Type(), len(value.list), len(value.list))

	for i := range value.list {
		itemPath := fmt.Sprintf("%s[%d]", path, i)
		d.seen[itemPath] = len(d.seen)

		item := &value.list[i]
		if field.typ != typeStruct && item.kind == kindText && item.text == "" {
			d.report(itemPath, "is empty")
			continue
		}

		d.item(field, item, items.Index(i), itemPath)
	}

	target.Set(items)
}

func (d *decoding) item(
	field *fieldPlan,
	value *jsonNode,
	target reflect.Value,
	path string,
) {
	if field.typ == typeSecret && value.kind == kindText {
		d.secrets.add(value.text) // also one that is refused below
	}

	if field.typ != typeStruct {
		if problem := field.set(value, target); problem != "" {
			d.report(path, problem)
		}
		return
	}

	if value.kind != kindObject {
		d.report(path, field.typ.mismatch(value))
		return
	}

	d.object(field.nested, value, target, path+".", given)
}

// unmarshalText lets a type that checks itself read a text.
func unmarshalText(text string, target reflect.Value) error {
	reader, ok := target.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		panic(
			fmt.Sprintf("sdk: %v lost its UnmarshalText", target.Type()),
		) // newPlan has seen it
	}
	return reader.UnmarshalText([]byte(text))
}
