package sdk

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// mask replaces every secret of the text that is being decoded: a plugin's own Validate may have put one into a
// message, as it is, quoted, or in a URL.
func (r *configRun) mask(message string) string {
	if r.masker == nil || r.masked != len(r.secrets) {
		r.masker, r.masked = newSecretMasker(r.secrets), len(r.secrets)
	}
	return r.masker.Replace(message)
}

// newSecretMasker replaces in one pass, so that nothing is replaced inside of what was put in, and longest first.
// Unlike the masker of a running plugin it replaces short secrets too: nobody has to read much of these messages.
func newSecretMasker(secrets []string) *strings.Replacer {
	var forms []string
	for _, secret := range secrets {
		quoted, ascii := strconv.Quote(secret), strconv.QuoteToASCII(secret)
		forms = append(append(forms, secretForms(secret)...), quoted[1:len(quoted)-1], ascii[1:len(ascii)-1])
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		if form != "" {
			pairs = append(pairs, form, masked)
		}
	}
	return strings.NewReplacer(pairs...)
}
