package redact

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Mark stands in a text where a secret was.
const Mark = "[secret]"

// MinSecret is the shortest secret that is usually masked: masking "1" wherever
// it stands would make every message unreadable, and protect nothing.
const MinSecret = 4

// Set is a growing set of secrets: what is masked may still hold one that has
// been replaced. It may be used by several goroutines. The zero Set is empty
// and ignores secrets of fewer than MinSecret bytes; a nil Set masks nothing.
type Set struct {
	shortest int

	mu      sync.Mutex // guards known
	known   map[string]struct{}
	matcher atomic.Pointer[matcher]
}

// NewSet returns an empty set that ignores secrets, and spellings of secrets,
// of fewer than shortest bytes.
func NewSet(shortest int) *Set {
	return &Set{shortest: max(shortest, 1)}
}

// Revealer is a secret that is masked where it is printed, such as sdk.Secret.
type Revealer interface{ Reveal() string }

// Reveal returns the values of secrets, for Add.
func Reveal[S Revealer](secrets []S) []string {
	values := make([]string, len(secrets))
	for i, secret := range secrets {
		values[i] = secret.Reveal()
	}
	return values
}

// Add makes the set know the secrets in all their spellings, from now on.
func (s *Set) Add(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()

	shortest := s.shortest
	if shortest == 0 {
		shortest = MinSecret
	}
	if s.known == nil {
		s.known = map[string]struct{}{}
	}

	before := len(s.known)
	for _, secret := range secrets {
		if len(secret) < shortest {
			continue
		}

		for _, spelling := range spellings(secret) {
			if len(spelling) >= shortest {
				s.known[spelling] = struct{}{}
			}
		}
	}

	// A text that is being masked at this moment goes on with the former one.
	if len(s.known) > before {
		s.matcher.Store(newMatcher(s.known))
	}
}

// Text returns text with Mark in place of every secret. Where one
// secret begins another, the longer one is replaced. The time it takes does not
// depend on how many secrets there are, for text that holds none.
func (s *Set) Text(text string) string {
	if s == nil {
		return text
	}
	if known := s.matcher.Load(); known != nil {
		return known.replace(text)
	}
	return text
}

// Head returns the beginning of a longer text as Text does, without what may be
// the first part of a secret at its end. Mask what was cut with it.
func (s *Set) Head(text string) string {
	if s == nil {
		return text
	}
	known := s.matcher.Load()
	if known == nil {
		return text
	}

	shown, rest := known.split(text)
	if rest != "" {
		shown += Mark
	}

	return shown
}

// JSON returns JSON text without the secrets in its strings, which may hold
// JSON themselves. Text that holds no secret stays byte for byte; a string that
// does is written again.
func (s *Set) JSON(text json.RawMessage) json.RawMessage {
	if s == nil || s.matcher.Load() == nil {
		return text
	}

	var shown []byte
	written := 0 // of text

	for begin := 0; begin < len(text); {
		if text[begin] != '"' {
			begin++
			continue
		}

		end := stringEnd(text, begin)

		// Everything since the last string that changed is copied as it stands.
		if masked, changed := s.jsonString(text[begin:end]); changed {
			shown = append(append(shown, text[written:begin]...), masked...)
			written = end
		}

		begin = end
	}

	if written == 0 {
		return text
	}

	return append(shown, text[written:]...)
}

// jsonString masks one string literal.
func (s *Set) jsonString(literal []byte) (masked []byte, changed bool) {
	var plain string
	if json.Unmarshal(literal, &plain) != nil {
		return nil, false
	}
	shown := s.Text(plain)
	if shown == plain {
		return nil, false
	}

	masked, _ = json.Marshal(shown) // a string always encodes
	return masked, true
}

// stringEnd returns the index after the string literal that begins at begin.
func stringEnd(text []byte, begin int) int {
	for at := begin + 1; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(text)
}

// matcher finds the longest of many patterns at every place of a text.
type matcher struct {
	// pairs has a bit for the first two bytes of every pattern: most places of
	// a text are passed by one look at it.
	pairs [1 << 16 / 64]uint64
	// byFirst are the patterns by their first byte, the longest first.
	byFirst [256][]string
	longest int // in bytes
}

func newMatcher(known map[string]struct{}) *matcher {
	// The longest first: the shorter one of two must not leave the rest of the
	// longer one.
	made := &matcher{}

	longestFirst := slices.SortedFunc(maps.Keys(known), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	for _, pattern := range longestFirst {
		made.longest = max(made.longest, len(pattern))
		first := pattern[0]
		made.byFirst[first] = append(made.byFirst[first], pattern)
		if len(pattern) > 1 {
			made.markPair(first, pattern[1])
			continue
		}

		// A pattern of one byte stands before any other.
		for second := range 256 {
			made.markPair(first, byte(second))
		}
	}

	return made
}

func (m *matcher) markPair(first, second byte) {
	pair := int(first)<<8 | int(second)
	m.pairs[pair/64] |= 1 << (pair % 64)
}

func (m *matcher) hasPair(first, second byte) bool {
	pair := int(first)<<8 | int(second)
	return m.pairs[pair/64]&(1<<(pair%64)) != 0
}

// replace returns text with Mark in place of every pattern.
func (m *matcher) replace(text string) string {
	at, length := m.next(text, 0)
	if length == 0 {
		return text
	}

	var shown strings.Builder
	written := 0 // of text

	for length > 0 {
		shown.WriteString(text[written:at])
		shown.WriteString(Mark)
		written = at + length
		at, length = m.next(text, written)
	}

	shown.WriteString(text[written:])
	return shown.String()
}

// next returns the first place from which a pattern stands, and the length of
// the longest one there; a length of 0 says that there is none.
func (m *matcher) next(text string, from int) (at, length int) {
	for at = from; at < len(text); at++ {
		if at+1 < len(text) && !m.hasPair(text[at], text[at+1]) {
			continue
		}
		if length = m.match(text[at:]); length > 0 {
			return at, length
		}
	}
	return len(text), 0
}

// match returns the length of the longest pattern that text begins with, 0 for
// none.
func (m *matcher) match(text string) int {
	for _, pattern := range m.byFirst[text[0]] {
		if strings.HasPrefix(text, pattern) {
			return len(pattern)
		}
	}
	return 0
}

// split returns text with Mark in place of every pattern up to the place from
// which on everything may be the first part of a pattern, and the rest.
func (m *matcher) split(text string) (shown, rest string) {
	var done strings.Builder
	written := 0 // of text
	for written < len(text) {
		at, length := m.next(text, written)

		// A longer pattern may begin before the end of the one that was found.
		for part := max(written, len(text)-m.longest); part < min(at+1, len(text)); part++ {
			if m.begins(text[part:]) {
				done.WriteString(text[written:part])
				return done.String(), text[part:]
			}
		}

		done.WriteString(text[written:at])
		if length > 0 {
			done.WriteString(Mark)
		}
		written = at + length
	}

	return done.String(), ""
}

// begins reports whether a pattern that is longer than text begins with it.
func (m *matcher) begins(text string) bool {
	for _, pattern := range m.byFirst[text[0]] {
		if len(pattern) <= len(text) {
			return false // and so are those after it
		}
		if strings.HasPrefix(pattern, text) {
			return true
		}
	}
	return false
}
