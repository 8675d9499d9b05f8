package sdk

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Violations collects what is wrong with a request, so that the caller hears
// everything at once. The zero value has found nothing.
type Violations []Violation

// Add notes a violation when wrong is true. field is the dotted path of the
// field as callers of the API know it; message says what it must be, and never
// repeats a value.
func (v *Violations) Add(wrong bool, field, message string) {
	if wrong {
		*v = append(*v, Violation{Field: field, Message: message})
	}
}

// Need notes a violation of each field that has nothing but white space in it.
// The arguments are pairs of field and value.
func (v *Violations) Need(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		field, value := pairs[i], pairs[i+1]
		v.Add(strings.TrimSpace(value) == "", field, "is needed")
	}
}

// NeedText is Need for texts that may have at most this many characters.
func (v *Violations) NeedText(most int, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		field, value := pairs[i], pairs[i+1]
		wrong := (strings.TrimSpace(value) == "") || (utf8.RuneCountInString(value) > most)
		v.Add(wrong, field, fmt.Sprintf("must have 1 to %d characters", most))
	}
}

// Err returns Invalid with all that was noted: CodeInvalidRequest with
// OutcomeNotSent. It is nil when nothing was.
func (v Violations) Err() error {
	if len(v) == 0 {
		return nil
	}
	return Invalid(v...)
}
