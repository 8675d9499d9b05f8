package golden

import (
	"regexp"
	"strings"
)

// masked stands for a secret, on both sides of the contract.
const masked = "[secret]"

const (
	// maxText is how much of a body the contract carries, in bytes.
	maxText = 64 << 10
	// cutMark ends a text that is cut.
	cutMark = "…"
)

var (
	// cutEnd matches the end of a text of which the SDK did not keep the rest.
	cutEnd = regexp.MustCompile(cutMark + ` \[cut, \d+ bytes\]$`)
	// unshown matches what the SDK shows of a body that is not text.
	unshown = regexp.MustCompile(`^\[[^\n]*, \d+ bytes\]$`)
)

// beginning returns what was kept of a text, and reports whether the rest was
// cut.
func beginning(text string) (kept string, cut bool) {
	if at := cutEnd.FindStringIndex(text); at != nil {
		return text[:at[0]], true
	}
	if (len(text) >= maxText-len(cutMark)) && strings.HasSuffix(text, cutMark) {
		return strings.TrimSuffix(text, cutMark), true
	}
	return text, false
}

// NotWhole returns the numbers, from 1, of the exchanges whose answer was not
// kept whole: a plugin records only the beginning of a long one, and nothing of
// one that is not text. The recording can be played once the whole answers are
// put into the file by hand.
func (r *Recording) NotWhole() (numbers []int) {
	for i, exchange := range r.Exchanges {
		if !exchange.Whole() {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// Whole reports whether the answer was kept whole.
func (e Exchange) Whole() bool {
	answer := string(e.Answer)
	_, cut := beginning(answer)
	return !cut && !unshown.MatchString(answer)
}
