package sdk

// Violations collects what is wrong with a request, so that whoever sent it is told everything at once. The zero value
// has found nothing.
type Violations []Violation

// Add notes a violation when wrong is true. field is the dotted path of the field as callers of the API know it;
// message says what it must be, and never repeats a value.
func (v *Violations) Add(wrong bool, field, message string) {
	if wrong {
		*v = append(*v, Violation{Field: field, Message: message})
	}
}

// Err gives Invalid with all that was noted: CodeInvalidRequest, OutcomeNotSent. It is nil when nothing was.
func (v Violations) Err() error {
	if len(v) == 0 {
		return nil
	}
	return Invalid(v...)
}
