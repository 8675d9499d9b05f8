package configschema

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// MaxProblems bounds the problems of one answer: they travel in the trailer of
// a gRPC answer, where room is short.
const MaxProblems = 64

const (
	maxQuotedKey    = 64 // bytes of an unknown key that are shown
	maxEditDistance = 2  // between an unknown key and the one it may be meant to be
)

// unknownKey is a key that the plan does not have.
type unknownKey struct {
	prefix string
	key    string
	plan   *structPlan
	object *jsonNode // where it stands
}

// report adds a problem; of one path, the first counts.
func (d *decoding) report(path, message string) {
	if !d.reported[path] {
		d.reported[path] = true
		d.problems = append(d.problems, Problem{Field: path, Message: message})
	}
}

// result returns the problems in the order of the struct, then unknown keys by
// their names, and how many there are in all: the list is cut at MaxProblems.
func (d *decoding) result() (problems []Problem, total int) {
	total = len(d.problems) + len(d.unknown)

	place := func(problem Problem) int {
		if at, ok := d.seen[problem.Field]; ok {
			return at
		}
		return len(d.seen)
	}

	slices.SortFunc(d.problems, func(a, b Problem) int {
		return cmp.Or(place(a)-place(b), cmp.Compare(a.Field, b.Field))
	})
	slices.SortFunc(d.unknown, func(a, b unknownKey) int {
		return cmp.Or(cmp.Compare(a.prefix, b.prefix), cmp.Compare(a.key, b.key))
	})

	// An unknown key may be a secret that slipped into the wrong place.
	for _, unknown := range d.unknown {
		if len(d.problems) >= MaxProblems {
			break
		}
		d.report(unknown.prefix+quoteKey(d.secrets.mask(unknown.key)), unknown.message())
	}

	return d.problems[:min(len(d.problems), MaxProblems)], total
}

// quoteKey makes an unknown key fit to be shown: as it is when it could be a
// key, else quoted and cut short.
func quoteKey(key string) string {
	if keyPattern.MatchString(key) {
		return key
	}
	if len(key) > maxQuotedKey {
		key = key[:maxQuotedKey] + "…"
	}
	return strconv.Quote(key)
}

func (u unknownKey) message() string {
	if near := u.suggestion(); near != "" {
		return fmt.Sprintf("is not a known key: did you mean %q?", near)
	}
	return "is not a known key"
}

// suggestion returns the known key that is spelled most like u, preferably one
// that is not given; "" when none is near.
func (u unknownKey) suggestion() string {
	if len(u.key) > maxQuotedKey {
		return ""
	}

	best, least := "", 1000
	for i := range u.plan.fields {
		key := u.plan.fields[i].key

		// Doubled, so that a key which is given can lose to one which is not.
		distance := 2 * editDistance(foldKey(u.key), foldKey(key))
		if distance > 2*min(maxEditDistance, len(key)/3) {
			continue
		}

		if u.object.member(key) != nil {
			distance++
		}
		if distance < least {
			best, least = key, distance
		}
	}

	return best
}

// foldKey leaves out what people mix up in names: case, and how words are
// joined.
func foldKey(key string) string {
	return strings.Map(func(char rune) rune {
		if char == '_' || char == '-' || char == ' ' || char == '.' {
			return -1
		}
		return unicode.ToLower(char)
	}, key)
}

// editDistance is Levenshtein's: how many letters are to be put in, left out or
// changed.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}

	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1

		// One row is enough: diagonal keeps the value that the next column
		// still needs.
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}

	return row[len(b)]
}
