package simulation

import (
	"maps"
	"slices"
)

// shrink takes events out of a story as long as it still ends with the same
// kind of finding, and returns what cannot be taken out.
func (f *teller) shrink(s *story, kind string) *story {
	best := &story{seed: s.seed, early: s.early, muted: maps.Clone(s.muted)}
	end := f.tell(best, false)

	taken := end.taken
	for part := max(1, len(taken)/2); ; {
		smaller := false
		for from := 0; from < len(taken); {
			muted := maps.Clone(best.muted)
			if muted == nil {
				muted = map[string]bool{}
			}
			for _, name := range taken[from:min(from+part, len(taken))] {
				muted[name] = true
			}

			try := &story{seed: s.seed, early: s.early, muted: muted}
			end := f.tell(try, false)
			if endsWith(end, kind) && len(end.taken) < len(taken) {
				best, taken, smaller = try, end.taken, true
				continue
			}

			from += part
		}

		if part == 1 && !smaller {
			return &story{seed: s.seed, early: s.early, muted: best.muted}
		}
		if !smaller {
			part = max(1, part/2)
		}
	}
}

func endsWith(end outcome, kind string) bool {
	return slices.ContainsFunc(end.findings,
		func(finding string) bool { return kindOf(finding) == kind })
}
