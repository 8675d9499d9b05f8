package sdk

import (
	"reflect"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// readRules reads the tags default, min, max, oneof and format, and panics through fail for those that make no sense.
func (f *configField) readRules(sf reflect.StructField, fail func(string, ...any)) {
	if tag, ok := sf.Tag.Lookup("oneof"); ok {
		f.readOneOf(tag, fail)
	}
	if tag, ok := sf.Tag.Lookup("format"); ok {
		if tag != "uri" || f.typ != typeText {
			fail(`the format tag knows "uri" only, for text`)
		}
		f.uri = true
	}
	f.min = f.readBound(sf, "min", fail)
	f.max = f.readBound(sf, "max", fail)
	if f.min != nil && f.max != nil && f.min.value.GreaterThan(f.max.value) {
		fail("min %s is more than max %s", f.min.text, f.max.text)
	}
	if f.typ == typeStruct && f.identity {
		fail("identity belongs on the fields of %v", sf.Type)
	}
	if tag, ok := sf.Tag.Lookup("default"); ok {
		f.readDefault(tag, sf.Type, fail)
	}
}

func (f *configField) readOneOf(tag string, fail func(string, ...any)) {
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

func (f *configField) readBound(sf reflect.StructField, name string, fail func(string, ...any)) *configBound {
	tag, ok := sf.Tag.Lookup(name)
	if !ok {
		return nil
	}
	bound := configBound{text: tag}
	var err error
	switch f.typ {
	case typeInt, typeDecimal:
		bound.value, err = ParseAmount(tag)
	case typeDuration:
		var d time.Duration
		d, err = time.ParseDuration(tag)
		bound.value = decimal.NewFromInt(int64(d))
	default:
		fail("%s is for int, decimal.Decimal and time.Duration", name)
	}
	if err != nil {
		fail("%s %q: %v", name, tag, err)
	}
	return &bound
}

// readDefault turns the tag into what would have been written in JSON, and decodes it once to see that it is right.
func (f *configField) readDefault(tag string, t reflect.Type, fail func(string, ...any)) {
	switch {
	case f.required:
		fail("is required and has a default")
	case f.typ == typeSecret:
		fail("a secret cannot have a default: it would be in the source")
	case f.typ == typeStruct:
		fail("default belongs on the fields of %v", t)
	case tag == "":
		fail("the default is empty, which is what a field without one gets")
	}
	f.def = f.defaultNode(tag, fail)
	run := newConfigRun()
	run.field(f, f.def, reflect.New(t).Elem(), f.key)
	for _, v := range run.violations {
		fail("default %q: %s %s", tag, v.Field, v.Message)
	}
}

func (f *configField) defaultNode(tag string, fail func(string, ...any)) *configNode {
	switch {
	case f.list:
		list := configNode{kind: configList}
		for item := range strings.SplitSeq(tag, ",") {
			list.list = append(list.list, configNode{kind: configText, text: strings.TrimSpace(item)})
		}
		return &list
	case f.typ == typeBool:
		if tag != "true" && tag != "false" {
			fail("default %q: must be true or false", tag)
		}
		return &configNode{kind: configBool, truth: tag == "true"}
	case f.typ == typeInt:
		return &configNode{kind: configNumber, text: tag}
	default:
		return &configNode{kind: configText, text: tag}
	}
}
