package configschema

import (
	"reflect"
	"slices"
	"strings"

	"github.com/payhost/payhost/internal/redact"
)

// validateMethod is what a struct may have, on itself or its pointer, for what
// tags cannot say.
const validateMethod = "Validate"

var typeOfProblem = reflect.TypeFor[Problem]()

// isValidate reports whether a method's type is func() []V, where V is a struct
// of Field and Message.
func isValidate(method reflect.Type) bool {
	if method.NumIn() != 0 || method.NumOut() != 1 ||
		method.Out(0).Kind() != reflect.Slice {
		return false
	}
	violation := method.Out(0).Elem()
	return violation.Kind() == reflect.Struct && violation.ConvertibleTo(typeOfProblem)
}

// validateAll calls the Validate methods of the embedded structs, then that of
// the struct itself, which may be one of theirs: of one path the first problem
// counts.
func (d *decoding) validateAll(plan *structPlan, target reflect.Value, prefix string) {
	for _, index := range plan.embedded {
		if embedded := target.FieldByIndex(index); embedded.CanInterface() {
			d.validate(embedded, prefix)
		}
	}
	d.validate(target, prefix)
}

// validate calls the struct's Validate. Fields whose value was refused are zero
// then, so problems of a path that already has one are dropped, and a panic
// over them is ignored.
func (d *decoding) validate(target reflect.Value, prefix string) {
	method := target.Addr().MethodByName(validateMethod)
	if !method.IsValid() {
		return
	}
	if len(d.problems) > 0 || len(d.unknown) > 0 {
		defer func() { _ = recover() }()
	}

	// A method may report one field several times, and put a secret into a
	// text.
	messages := map[string][]string{}

	violations := method.Call(nil)[0]
	for i := range violations.Len() {
		problem, ok := violations.Index(i).Convert(typeOfProblem).Interface().(Problem)
		if !ok {
			continue // Convert has made it one
		}

		path := prefix + problem.Field
		if _, known := d.seen[path]; !known {
			path = d.secrets.mask(path)
		}
		message := d.secrets.mask(problem.Message)
		if !slices.Contains(messages[path], message) {
			messages[path] = append(messages[path], message)
		}
	}

	for path, list := range messages {
		d.report(path, strings.Join(list, "; "))
	}
}

// secrets are those of the text that is being decoded.
type secrets struct {
	values []string
	set    *redact.Set
}

func (s *secrets) add(value string) {
	s.values = append(s.values, value)
	s.set = nil
}

// mask replaces every secret: an author's Validate may have put one into a
// message, as it is, quoted, or in a URL. Unlike the masks of a running plugin
// it replaces short secrets too, since these messages hold little else.
func (s *secrets) mask(message string) string {
	if s.set == nil {
		s.set = redact.NewSet(1)
		s.set.Add(s.values...)
	}
	return s.set.Text(message)
}
