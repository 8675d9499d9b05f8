package golden

import (
	"regexp"
	"strings"
)

// masked stands for what was a secret, on both sides of the contract.
const masked = "[secret]"

// maxText is how much of a body the contract carries; a longer one ends with
// cutMark.
const (
	maxText = 64 << 10
	cutMark = "…"
)

// How the SDK ends a text of which the rest was not kept, and what it shows of
// a body that is no text.
var (
	cutEnd  = regexp.MustCompile(cutMark + ` \[cut, \d+ bytes\]$`)
	unshown = regexp.MustCompile(`^\[[^\n]*, \d+ bytes\]$`)
)

// beginning returns what was kept of a text, and whether that is not all of it.
func beginning(text string) (string, bool) {
	if at := cutEnd.FindStringIndex(text); at != nil {
		return text[:at[0]], true
	}
	if len(text) >= maxText-len(cutMark) && strings.HasSuffix(text, cutMark) {
		return strings.TrimSuffix(text, cutMark), true
	}
	return text, false
}

// NotWhole returns the numbers, from 1, of the exchanges whose answer was not
// kept whole: a plugin records only the beginning of a long one, and nothing of
// one that is no text. They can only be played once somebody has put the whole
// answer into the file by hand.
func (r *Recording) NotWhole() (numbers []int) {
	for i, e := range r.Exchanges {
		if _, cut := beginning(string(e.Answer)); cut ||
			unshown.MatchString(string(e.Answer)) {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}
