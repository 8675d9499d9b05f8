package golden

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

// Compare says how what the plugin made of the replayed call differs from what
// it made of the recorded one. The texts of errors are for people and may
// change.
func (r *Recording) Compare(answer json.RawMessage, err error, opts ...Option) []string {
	switch {
	case err != nil && r.Error == nil:
		return []string{"the call failed, and had succeeded: " + err.Error()}
	case err != nil:
		return r.Error.compare(newComparison(opts), sdk.AsError(err))
	case r.Error != nil:
		return []string{
			"the call succeeded, and had failed: " + r.Error.Code + " (" + r.Error.Outcome + "): " + r.Error.Message,
		}
	}

	unmasked := keeper{mask: func(text string) string { return text }}
	got, err := unmasked.json(answer)
	if err != nil {
		return []string{"the answer is no JSON object: " + err.Error()}
	}

	return newComparison(opts).text("answer", string(r.Answer), string(got))
}

func (f *Failure) compare(c comparison, e *sdk.Error) []string {
	var out []string
	for _, field := range []struct{ name, want, got string }{
		{"code", f.Code, string(e.Code)},
		{"outcome", f.Outcome, string(e.Outcome)},
		{"provider_code", f.ProviderCode, e.ProviderCode},
		{"provider_message", f.ProviderMessage, e.ProviderMessage},
	} {
		if !c.varying[field.name] {
			out = append(out, c.text("error."+field.name, field.want, field.got)...)
		}
	}

	var want, got []string
	for _, v := range f.Violations {
		want = append(want, v.Field)
	}
	for _, v := range e.Violations {
		got = append(got, v.Field)
	}

	wanted, _ := encode(want, "") // texts
	came, _ := encode(got, "")
	return append(out, c.text("error.violations", string(wanted), string(came))...)
}
