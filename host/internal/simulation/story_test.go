package simulation

import (
	"sync"
	"time"
)

// story decides everything that is left to chance, by its seed and by the name
// of what is decided. A decision depends on nothing that was decided before it,
// so that taking one event out of a story leaves the others as they were.
type story struct {
	seed uint64
	// early: without the actors that came later (see newcomers), so that the
	// seed goes on telling of what it was kept for.
	early bool
	// muted are events that do not happen although the seed wants them.
	muted map[string]bool

	mu sync.Mutex
	// taken are the events that happened and need not have, in their order.
	taken []string
}

// number returns the number that the story has for a name, the same every time.
func (s *story) number(name string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	hash := uint64(offset) ^ (s.seed * 0x9e3779b97f4a7c15)
	for k := range len(name) {
		hash = (hash ^ uint64(name[k])) * prime
	}

	// A finaliser, so that names that end alike have nothing in common.
	hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9
	hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb

	return hash ^ (hash >> 31)
}

// unit returns a number from 0 up to 1.
func (s *story) unit(name string) float64 { return float64(s.number(name)>>11) / (1 << 53) }

// pick returns a number from 0 up to n.
func (s *story) pick(name string, n int) int { return int(s.number(name) % uint64(n)) }

// between returns a time from least to most.
func (s *story) between(name string, least, most time.Duration) time.Duration {
	return least + time.Duration(s.unit(name)*float64(most-least))
}

// happens reports whether an event of a chance happens, and remembers it if so.
func (s *story) happens(name string, chance float64) bool {
	if s.unit(name) >= chance || s.muted[name] {
		return false
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, name)
	return true
}

// delay returns how long something takes: a moment or, now and then, up to
// most. No two names have quite the same delay, so that things seldom happen in
// the same instant.
func (s *story) delay(name string, most time.Duration) time.Duration {
	spread := s.number(name+" moment") % 1000
	moment := time.Millisecond + time.Duration(spread)*time.Microsecond
	if !s.happens(name+" waits", 0.2) {
		return moment
	}

	switch chance := s.unit(name + " how long"); {
	case chance < 0.5:
		return moment + s.between(name+" for", 0, min(most, 100*time.Millisecond))
	case chance < 0.8:
		return moment + s.between(name+" for", 0, min(most, 5*time.Second))
	}

	return moment + s.between(name+" for", 0, most)
}
