package golden

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

// Compare returns how the plugin's answer, or the error in its place, differs
// from the recorded one. The texts of errors are for people and may change.
func (r *Recording) Compare(answer json.RawMessage, err error, opts ...Option) []string {
	compare := newComparison(opts)
	switch {
	case (err != nil) && (r.Error == nil):
		return []string{"the call failed, and had succeeded: " + err.Error()}
	case err != nil:
		return r.Error.compare(compare, sdk.AsError(err))
	case r.Error != nil:
		return []string{"the call succeeded, and had failed: " +
			r.Error.Code + " (" + r.Error.Outcome + "): " + r.Error.Message}
	}

	unmasked := keeper{mask: func(text string) string { return text }}
	got, err := unmasked.json(answer)
	if err != nil {
		return []string{"the answer is no JSON object: " + err.Error()}
	}

	return texts(compare.text("answer", string(r.Answer), string(got)))
}

func (f *Failure) compare(c comparison, err *sdk.Error) []string {
	var differences []string
	for _, field := range []struct{ name, want, got string }{
		{"code", f.Code, string(err.Code)},
		{"outcome", f.Outcome, string(err.Outcome)},
		{"provider_code", f.ProviderCode, err.ProviderCode},
		{"provider_message", f.ProviderMessage, err.ProviderMessage},
	} {
		if !c.varying[field.name] {
			differences = append(
				differences,
				texts(c.text("error."+field.name, field.want, field.got))...)
		}
	}

	// Only the fields of violations are for programs.
	var want, got []string
	for _, violation := range f.Violations {
		want = append(want, violation.Field)
	}

	for _, violation := range err.Violations {
		got = append(got, violation.Field)
	}
	wanted, _ := encode(want, "") // texts always encode
	came, _ := encode(got, "")

	return append(
		differences,
		texts(c.text("error.violations", string(wanted), string(came)))...)
}
