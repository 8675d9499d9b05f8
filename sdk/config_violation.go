package sdk

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxViolations bounds an answer: violations travel in the trailer of a gRPC answer, where room is short.
const maxViolations = 64

// configUnknown is a key that nobody knows.
type configUnknown struct {
	prefix, key string
	plan        *configPlan
	object      *configNode // where it stands
}

// report adds a violation; of one path, the first counts.
func (r *configRun) report(path, message string) {
	if !r.reported[path] {
		r.reported[path] = true
		r.violations = append(r.violations, Violation{Field: path, Message: message})
	}
}

// result gives the violations in the order of the struct, then unknown keys by their names, and how many there are in
// all: the list is cut at maxViolations.
func (r *configRun) result() ([]Violation, int) {
	total := len(r.violations) + len(r.unknown)
	place := func(v Violation) int {
		if at, ok := r.seen[v.Field]; ok {
			return at
		}
		return len(r.seen)
	}
	slices.SortFunc(r.violations, func(a, b Violation) int {
		return cmp.Or(place(a)-place(b), cmp.Compare(a.Field, b.Field))
	})
	slices.SortFunc(r.unknown, func(a, b configUnknown) int {
		return cmp.Or(cmp.Compare(a.prefix, b.prefix), cmp.Compare(a.key, b.key))
	})
	for _, u := range r.unknown {
		if len(r.violations) >= maxViolations {
			break
		}
		r.report(u.prefix+quoteKey(r.mask(u.key)), u.message())
	}
	return r.violations[:min(len(r.violations), maxViolations)], total
}

// quoteKey makes an unknown key fit to be shown: as it is when it could be a key, else quoted and cut short.
func quoteKey(key string) string {
	if configKey.MatchString(key) {
		return key
	}
	if len(key) > 64 {
		key = key[:64] + "…"
	}
	return strconv.Quote(key)
}

func (u configUnknown) message() string {
	if near := u.suggestion(); near != "" {
		return fmt.Sprintf("is not a known key: did you mean %q?", near)
	}
	return "is not a known key"
}

// suggestion gives the known key that is spelled most like u, one that is not given if there is one; "" when none is
// near.
func (u configUnknown) suggestion() string {
	if len(u.key) > 64 {
		return ""
	}
	best, least := "", 1000
	for i := range u.plan.fields {
		key := u.plan.fields[i].key
		distance := 2 * editDistance(foldKey(u.key), foldKey(key))
		if distance > 2*min(2, len(key)/3) {
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

// foldKey leaves out what people mix up in names: case, and how words are joined.
func foldKey(key string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r == '.' {
			return -1
		}
		return unicode.ToLower(r)
	}, key)
}

// editDistance is Levenshtein's: how many letters are to be put in, left out or changed.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
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
