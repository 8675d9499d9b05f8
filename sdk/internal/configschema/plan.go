package configschema

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
)

// fieldType is what a field can be.
type fieldType int

const (
	typeText fieldType = iota
	typeSecret
	typeBool
	typeInt
	typeDecimal
	typeDuration
	typeStruct
)

// fieldPlan is one key, as its field's tags describe it.
type fieldPlan struct {
	key      string
	index    []int // of the field, through embedded structs
	typ      fieldType
	list     bool
	required bool
	identity bool
	uri      bool
	checks   bool // the type of text checks itself
	oneOf    []string
	min, max *limit
	fallback *jsonNode // the default tag, as if it had been written in the JSON text
	doc      string
	nested   *structPlan // of typeStruct
}

// limit is one end of a range: an int, a decimal, or a duration's nanoseconds.
type limit struct {
	value decimal.Decimal
	text  string // as in the tag
}

// structPlan is everything known of a struct from its type.
type structPlan struct {
	fields   []fieldPlan
	known    map[string]bool
	embedded [][]int // where structs with a Validate are embedded
}

// revealer is a type that keeps a secret.
type revealer interface{ Reveal() string }

var (
	typeOfDecimal         = reflect.TypeFor[decimal.Decimal]()
	typeOfDuration        = reflect.TypeFor[time.Duration]()
	typeOfRevealer        = reflect.TypeFor[revealer]()
	typeOfTextUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// keyPattern makes a key fit to be written in TOML without quotes, and to be
// one piece of a dotted path.
var keyPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// plans caches what newPlan has made: reflect.Type -> *structPlan.
var plans sync.Map

// planOf returns the plan of a struct. It panics when the struct is not a
// proper configuration: that is a mistake in the program, which any test that
// decodes at all will meet.
func planOf(structure reflect.Type) *structPlan {
	known, _ := plans.Load(structure)
	if cached, ok := known.(*structPlan); ok {
		return cached
	}

	made := newPlan(structure, nil)
	plans.Store(structure, made)
	return made
}

func newPlan(structure reflect.Type, outer []reflect.Type) *structPlan {
	if structure == nil || structure.Kind() != reflect.Struct {
		panic(fmt.Sprintf("sdk: a configuration must be a struct, not %v", structure))
	}

	for _, o := range outer {
		if o == structure {
			panic(fmt.Sprintf("sdk: the configuration %v contains itself", structure))
		}
	}

	made := &structPlan{known: map[string]bool{}}
	made.add(structure, nil, append(outer, structure))
	hasValidate(structure) // panics when it is not one

	return made
}

// hasValidate reports whether a struct says more of itself than its tags. It
// panics when a method of that name has another signature: it would never be
// called.
func hasValidate(structure reflect.Type) bool {
	method, ok := reflect.PointerTo(structure).MethodByName(validateMethod)
	if !ok {
		return false
	}
	if !isValidate(reflect.Zero(reflect.PointerTo(structure)).Method(method.Index).Type()) {
		panic(
			fmt.Sprintf(
				"sdk: the method Validate of %v must be Validate() []Violation",
				structure,
			),
		)
	}

	return true
}

// add appends the fields of a struct found at index; those of embedded structs
// in their place.
func (p *structPlan) add(structure reflect.Type, index []int, outer []reflect.Type) {
	for i := range structure.NumField() {
		declared := structure.Field(i)
		// Each field has a copy of the path: siblings that share its array
		// would overwrite each other.
		at := append(append([]int(nil), index...), i)
		_, tagged := declared.Tag.Lookup("config")

		switch {
		case declared.Anonymous && !tagged && declared.Type.Kind() == reflect.Struct:
			if hasValidate(declared.Type) {
				p.embedded = append(p.embedded, at)
			}
			p.add(declared.Type, at, outer)
		case declared.Tag.Get("config") == "-", !declared.IsExported() && !tagged:
		default:
			p.addField(structure, declared, at, outer)
		}
	}
}

func (p *structPlan) addField(
	structure reflect.Type, declared reflect.StructField, at []int, outer []reflect.Type,
) {
	fail := func(format string, args ...any) {
		panic(fmt.Sprintf("sdk: configuration field %v.%s: %s",
			structure, declared.Name, fmt.Sprintf(format, args...)))
	}

	if !declared.IsExported() {
		fail("has a config tag but is not exported")
	}

	added := fieldPlan{index: at, doc: declared.Tag.Get("doc")}
	added.readName(declared, fail)

	// Keys that differ in case alone are mistaken for each other.
	for key := range p.known {
		if strings.EqualFold(key, added.key) {
			fail("the key %q is already taken by %q", added.key, key)
		}
	}

	added.readType(declared.Type, outer, fail)
	added.readRules(declared, fail)

	p.known[added.key] = true
	p.fields = append(p.fields, added)
}

// readName reads the config tag, or the name alone from a json tag, so that a
// struct that is also sent on as JSON need not say its names twice.
func (f *fieldPlan) readName(declared reflect.StructField, fail func(string, ...any)) {
	tag, ok := declared.Tag.Lookup("config")
	if !ok {
		if tag, ok = declared.Tag.Lookup("json"); !ok {
			fail(`has no config tag; config:"-" leaves a field out`)
		}
		tag, _, _ = strings.Cut(tag, ",")
	}

	name, options, _ := strings.Cut(tag, ",")
	if !keyPattern.MatchString(name) {
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

func (f *fieldPlan) readType(
	of reflect.Type,
	outer []reflect.Type,
	fail func(string, ...any),
) {
	if of.Kind() == reflect.Slice {
		f.list = true
		of = of.Elem()
	}

	readsText := reflect.PointerTo(of).Implements(typeOfTextUnmarshaler)

	// A secret is recognized first: one of kind string must not be read as
	// plain text.
	switch {
	case of.Implements(typeOfRevealer) && readsText:
		f.typ = typeSecret
	case of == typeOfDecimal:
		f.typ = typeDecimal
	case of == typeOfDuration:
		f.typ = typeDuration
	case of.Kind() == reflect.String:
		f.typ = typeText
		f.checks = readsText
	case of.Kind() == reflect.Bool:
		f.typ = typeBool
	case of == reflect.TypeFor[int]():
		f.typ = typeInt
	case of.Kind() == reflect.Struct && hasExportedFields(of):
		f.typ = typeStruct
		f.nested = newPlan(of, outer)
	default:
		fail("the type %v is not supported", of)
	}

	if f.list && f.typ != typeText && f.typ != typeSecret && f.typ != typeStruct {
		fail("a list of %v is not supported", of)
	}
}

// hasExportedFields tells a struct that was written as a group of keys from a
// type such as time.Time.
func hasExportedFields(structure reflect.Type) bool {
	for i := range structure.NumField() {
		if structure.Field(i).IsExported() {
			return true
		}
	}
	return false
}
