package configschema

import (
	"reflect"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// readRules reads the tags default, min, max, oneof and format, and panics
// through fail for those that make no sense.
func (f *fieldPlan) readRules(declared reflect.StructField, fail func(string, ...any)) {
	if tag, ok := declared.Tag.Lookup("oneof"); ok {
		f.readOneOf(tag, fail)
	}
	if tag, ok := declared.Tag.Lookup("format"); ok {
		if tag != "uri" || f.typ != typeText {
			fail(`the format tag knows "uri" only, for text`)
		}
		f.uri = true
	}

	f.min = f.readBound(declared, "min", fail)
	f.max = f.readBound(declared, "max", fail)
	if f.min != nil && f.max != nil && f.min.value.GreaterThan(f.max.value) {
		fail("min %s is more than max %s", f.min.text, f.max.text)
	}

	if f.typ == typeStruct && f.identity {
		fail("identity belongs on the fields of %v", declared.Type)
	}
	// The default comes last: it must pass the rules that were read before it.
	if tag, ok := declared.Tag.Lookup("default"); ok {
		f.readDefault(tag, declared.Type, fail)
	}
}

func (f *fieldPlan) readOneOf(tag string, fail func(string, ...any)) {
	if f.typ != typeText {
		fail("oneof is for text")
	}

	f.oneOf = nil
	for value := range strings.SplitSeq(tag, ",") {
		value = strings.TrimSpace(value)
		if value == "" {
			fail("oneof has an empty value")
		}
		f.oneOf = append(f.oneOf, value)
	}
}

func (f *fieldPlan) readBound(
	declared reflect.StructField, name string, fail func(string, ...any),
) *limit {
	tag, ok := declared.Tag.Lookup(name)
	if !ok {
		return nil
	}

	read := limit{text: tag}
	var err error

	switch f.typ {
	case typeInt, typeDecimal:
		read.value, err = parseDecimal(tag)
	case typeDuration:
		var duration time.Duration
		duration, err = time.ParseDuration(tag)
		read.value = decimal.NewFromInt(int64(duration))
	default:
		fail("%s is for int, decimal.Decimal and time.Duration", name)
	}

	if err != nil {
		fail("%s %q: %v", name, tag, err)
	}

	return &read
}

// readDefault turns the tag into what would have been written in JSON, and
// decodes it once to see that it is right.
func (f *fieldPlan) readDefault(tag string, of reflect.Type, fail func(string, ...any)) {
	switch {
	case f.required:
		fail("is required and has a default")
	case f.typ == typeSecret:
		fail("a secret cannot have a default: it would be in the source")
	case f.typ == typeStruct:
		fail("default belongs on the fields of %v", of)
	case tag == "":
		fail("the default is empty, which is what a field without one gets")
	}

	// Decoded into nothing: only the problems count.
	f.fallback = f.defaultNode(tag, fail)
	trial := newDecoding()
	trial.value(f, f.fallback, reflect.New(of).Elem(), f.key)
	for _, problem := range trial.problems {
		fail("default %q: %s %s", tag, problem.Field, problem.Message)
	}
}

func (f *fieldPlan) defaultNode(tag string, fail func(string, ...any)) *jsonNode {
	switch {
	case f.list:
		list := jsonNode{kind: kindList}
		for item := range strings.SplitSeq(tag, ",") {
			list.list = append(
				list.list,
				jsonNode{kind: kindText, text: strings.TrimSpace(item)},
			)
		}

		return &list
	case f.typ == typeBool:
		if tag != "true" && tag != "false" {
			fail("default %q: must be true or false", tag)
		}
		return &jsonNode{kind: kindBool, truth: tag == "true"}
	case f.typ == typeInt:
		return &jsonNode{kind: kindNumber, text: tag}
	default:
		return &jsonNode{kind: kindText, text: tag}
	}
}
