package sdk

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// configRun is one decoding: it walks the plan and the text together, and goes on after every problem.
type configRun struct {
	violations []Violation
	reported   map[string]bool // the fields of violations
	// seen has every known key's path, also of keys that are absent, with its place in the order of the struct.
	seen    map[string]int
	unknown []configUnknown
	secrets []string // also those that were refused
	masker  *strings.Replacer
	masked  int // how many of the secrets masker knows
}

// decodeConfig decodes text into v, a settable struct. Paths of what is wrong begin with prefix; what is said of the
// text as a whole is said of the field name, or in the message where there is no such field.
func decodeConfig(text []byte, v reflect.Value, what, name, prefix string) error {
	plan := planOf(v.Type())
	fault := NotSent(CodeInvalidRequest, "%s not valid", what)
	root, err := parseConfigObject(text)
	switch {
	case err != nil && name == "":
		fault.Message += ": it " + err.Error()
		return fault
	case err != nil:
		fault.Violations = []Violation{{Field: name, Message: err.Error()}}
		return fault
	}
	run := newConfigRun()
	run.object(plan, root, v, prefix, true)
	violations, total := run.result()
	if total == 0 {
		return nil
	}
	if total > len(violations) {
		fault.Message += fmt.Sprintf(" (the first %d of %d problems)", len(violations), total)
	}
	fault.Violations = violations
	return fault
}

func newConfigRun() *configRun {
	return &configRun{reported: map[string]bool{}, seen: map[string]int{}}
}

// object decodes an object's members into v. An object that is not given is decoded as if it were empty, for its
// defaults, but then nothing is missing in it and its Validate is not called.
func (r *configRun) object(plan *configPlan, n *configNode, v reflect.Value, prefix string, given bool) {
	for i := range plan.fields {
		f := &plan.fields[i]
		path := prefix + f.key
		r.seen[path] = len(r.seen)
		m := n.member(f.key)
		switch {
		case m != nil && m.repeated:
			r.report(path, "is given more than once")
		case m != nil && !isAbsent(f, &m.value):
			r.field(f, &m.value, v.FieldByIndex(f.index), path)
		case f.required && given:
			r.report(path, "is missing")
		case f.def != nil:
			r.field(f, f.def, v.FieldByIndex(f.index), path)
		case f.typ == typeStruct && !f.list:
			r.object(f.nested, &configNode{}, v.FieldByIndex(f.index), path+".", false)
		}
	}
	for i := range n.members {
		if !plan.known[n.members[i].key] {
			r.unknown = append(r.unknown, configUnknown{prefix: prefix, key: n.members[i].key, plan: plan, object: n})
		}
	}
	if !given {
		return
	}
	for _, at := range plan.endpoints {
		if e, ok := v.FieldByIndex(at).Interface().(Endpoint); ok && checkEndpoint(e) != "" {
			r.report(prefix+"base_url", checkEndpoint(e))
		}
	}
	r.validate(v, prefix)
}

// isAbsent reports whether n stands for a key that is left out: empty text does, so that a variable that is set to
// nothing gets the default, or is missing. So does an empty list of a required key.
func isAbsent(f *configField, n *configNode) bool {
	if f.list && f.required && n.kind == configList && len(n.list) == 0 {
		return true
	}
	scalar := f.typ != typeBool && f.typ != typeInt && f.typ != typeStruct
	return scalar && n.kind == configText && n.text == ""
}

// field decodes a value that is given, or a default, into v.
func (r *configRun) field(f *configField, n *configNode, v reflect.Value, path string) {
	if f.list {
		r.list(f, n, v, path)
	} else {
		r.item(f, n, v, path)
	}
}

// list decodes a list; one text is a list of one.
func (r *configRun) list(f *configField, n *configNode, v reflect.Value, path string) {
	switch {
	case n.kind == configText && f.typ != typeStruct:
		out := reflect.MakeSlice(v.Type(), 1, 1)
		r.item(f, n, out.Index(0), path)
		v.Set(out)
		return
	case n.kind != configList && f.typ == typeStruct:
		r.report(path, "must be a list of objects, not "+string(n.kind))
		return
	case n.kind != configList:
		r.report(path, "must be text or a list of texts, not "+string(n.kind))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.list), len(n.list))
	for i := range n.list {
		at := fmt.Sprintf("%s[%d]", path, i)
		r.seen[at] = len(r.seen)
		if f.typ != typeStruct && n.list[i].kind == configText && n.list[i].text == "" {
			r.report(at, "is empty")
			continue
		}
		r.item(f, &n.list[i], out.Index(i), at)
	}
	v.Set(out)
}

func (r *configRun) item(f *configField, n *configNode, v reflect.Value, path string) {
	if f.typ == typeSecret && n.kind == configText {
		r.secrets = append(r.secrets, n.text)
	}
	if f.typ != typeStruct {
		if problem := f.setValue(n, v); problem != "" {
			r.report(path, problem)
		}
		return
	}
	if n.kind != configObject {
		r.report(path, f.typ.mismatch(n))
		return
	}
	r.object(f.nested, n, v, path+".", true)
}

// configValidator is what a configuration may implement, on itself or its pointer, for what tags cannot say.
type configValidator interface{ Validate() []Violation }

// validate calls v's Validate. Fields whose value was refused are zero then, so what it says of keys that already have
// a violation is dropped, and a panic among the ruins is not held against it.
func (r *configRun) validate(v reflect.Value, prefix string) {
	own, ok := v.Addr().Interface().(configValidator)
	if !ok {
		return
	}
	if len(r.violations) > 0 || len(r.unknown) > 0 {
		defer func() { _ = recover() }()
	}
	messages := map[string][]string{}
	for _, violation := range own.Validate() {
		path := prefix + violation.Field
		if _, known := r.seen[path]; !known {
			path = r.mask(path)
		}
		if message := r.mask(violation.Message); !slices.Contains(messages[path], message) {
			messages[path] = append(messages[path], message)
		}
	}
	for path, list := range messages {
		r.report(path, strings.Join(list, "; "))
	}
}
