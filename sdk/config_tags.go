package sdk

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
)

// configType is what a field can be.
type configType int

const (
	typeText configType = iota
	typeSecret
	typeBool
	typeInt
	typeDecimal
	typeDuration
	typeStruct
)

// configField is one key, as its field's tags describe it.
type configField struct {
	key      string
	index    []int // of the field, through embedded structs
	typ      configType
	list     bool
	required bool
	identity bool
	uri      bool
	check    func(text string) string // of a type that checks itself; gives what is wrong
	oneOf    []string
	min, max *configBound
	def      *configNode // what the default tag says, as if it had been written in the JSON text
	doc      string
	nested   *configPlan // of typeStruct
}

// configBound is one end of a range: an int, a decimal, or a duration's nanoseconds.
type configBound struct {
	value decimal.Decimal
	text  string // as in the tag
}

// configPlan is everything known of a struct from its type.
type configPlan struct {
	fields    []configField
	known     map[string]bool
	endpoints [][]int // where an Endpoint is embedded
}

var (
	typeOfSecret      = reflect.TypeFor[Secret]()
	typeOfDecimal     = reflect.TypeFor[decimal.Decimal]()
	typeOfDuration    = reflect.TypeFor[time.Duration]()
	typeOfEnvironment = reflect.TypeFor[Environment]()
	typeOfEndpoint    = reflect.TypeFor[Endpoint]()
	typeOfValidator   = reflect.TypeFor[configValidator]()
)

// configTextTypes are the types of text that take less than any text.
var configTextTypes = map[reflect.Type]func(text string) string{
	reflect.TypeFor[Network]():  checkNetwork,
	reflect.TypeFor[TimeZone](): checkTimeZone,
}

// A key can be written in TOML without quotes, and is one piece of a dotted path.
var configKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

var configPlans sync.Map // reflect.Type -> *configPlan

// planOf gives t's plan. It panics when the struct is not a proper configuration: that is a mistake in the program,
// which any test that decodes at all will meet.
func planOf(t reflect.Type) *configPlan {
	known, _ := configPlans.Load(t)
	if p, ok := known.(*configPlan); ok {
		return p
	}
	p := newConfigPlan(t, nil)
	configPlans.Store(t, p)
	return p
}

func newConfigPlan(t reflect.Type, outer []reflect.Type) *configPlan {
	if t == nil || t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("sdk: a configuration must be a struct, not %v", t))
	}
	for _, o := range outer {
		if o == t {
			panic(fmt.Sprintf("sdk: the configuration %v contains itself", t))
		}
	}
	p := &configPlan{known: map[string]bool{}}
	p.add(t, nil, append(outer, t))
	pointer := reflect.PointerTo(t)
	if _, ok := pointer.MethodByName("Validate"); ok && !pointer.Implements(typeOfValidator) {
		panic(fmt.Sprintf("sdk: the method Validate of %v must be Validate() []Violation", t))
	}
	return p
}

// add appends the fields of t, a struct found at index; those of embedded structs in their place.
func (p *configPlan) add(t reflect.Type, index []int, outer []reflect.Type) {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(append([]int(nil), index...), i)
		_, tagged := sf.Tag.Lookup("config")
		switch {
		case sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct:
			if sf.Type == typeOfEndpoint {
				p.endpoints = append(p.endpoints, at)
			}
			p.add(sf.Type, at, outer)
		case sf.Tag.Get("config") == "-", !sf.IsExported() && !tagged:
		default:
			p.addField(t, sf, at, outer)
		}
	}
}

func (p *configPlan) addField(t reflect.Type, sf reflect.StructField, at []int, outer []reflect.Type) {
	fail := func(format string, args ...any) {
		panic(fmt.Sprintf("sdk: configuration field %v.%s: %s", t, sf.Name, fmt.Sprintf(format, args...)))
	}
	if !sf.IsExported() {
		fail("has a config tag but is not exported")
	}
	f := configField{index: at, doc: sf.Tag.Get("doc")}
	f.readName(sf, fail)
	for key := range p.known {
		if strings.EqualFold(key, f.key) {
			fail("the key %q is already taken by %q", f.key, key)
		}
	}
	f.readType(sf.Type, outer, fail)
	f.readRules(sf, fail)
	p.known[f.key] = true
	p.fields = append(p.fields, f)
}

// readName reads the config tag, or the name alone from a json tag, so that a struct that is also sent on as JSON need
// not say its names twice.
func (f *configField) readName(sf reflect.StructField, fail func(string, ...any)) {
	tag, ok := sf.Tag.Lookup("config")
	if !ok {
		if tag, ok = sf.Tag.Lookup("json"); !ok {
			fail(`has no config tag; config:"-" leaves a field out`)
		}
		tag, _, _ = strings.Cut(tag, ",")
	}
	name, options, _ := strings.Cut(tag, ",")
	if !configKey.MatchString(name) {
		fail("the key %q is not 1 to 64 characters of A-Z a-z 0-9 _ -", name)
	}
	f.key = name
	if options == "" {
		return
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "required":
			f.required = true
		case "identity":
			f.identity = true
		default:
			fail("the config tag knows the options required and identity, not %q", option)
		}
	}
}

func (f *configField) readType(t reflect.Type, outer []reflect.Type, fail func(string, ...any)) {
	if t.Kind() == reflect.Slice {
		f.list = true
		t = t.Elem()
	}
	switch {
	case t == typeOfSecret:
		f.typ = typeSecret
	case t == typeOfDecimal:
		f.typ = typeDecimal
	case t == typeOfDuration:
		f.typ = typeDuration
	case t.Kind() == reflect.String:
		f.typ = typeText
		if t == typeOfEnvironment {
			f.oneOf = []string{string(Sandbox), string(Live)}
		}
		f.check = configTextTypes[t]
	case t.Kind() == reflect.Bool:
		f.typ = typeBool
	case t == reflect.TypeFor[int]():
		f.typ = typeInt
	case t.Kind() == reflect.Struct && hasConfigFields(t):
		f.typ = typeStruct
		f.nested = newConfigPlan(t, outer)
	default:
		fail("the type %v is not supported", t)
	}
	if f.list && f.typ != typeText && f.typ != typeSecret && f.typ != typeStruct {
		fail("a list of %v is not supported", t)
	}
}

// hasConfigFields tells a struct that was written as a group of keys from a type such as time.Time.
func hasConfigFields(t reflect.Type) bool {
	for i := range t.NumField() {
		if t.Field(i).IsExported() {
			return true
		}
	}
	return false
}
