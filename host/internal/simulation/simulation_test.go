package simulation

import (
	"flag"
	"strings"
	"testing"
	"time"
)

var (
	stories = flag.Int("simulation.stories", 100, "how many stories are told")
	first   = flag.Uint64("simulation.seed", 1, "the first story's seed")
	all     = flag.Bool("simulation.all", false, "go on after a finding, and cut down one story of each kind")
)

func TestStories(t *testing.T) {
	f := newFiles(t)
	began := time.Now()
	kinds := map[string]int{}
	for k := range *stories {
		s := &story{seed: *first + uint64(k)}
		end := f.tell(t, s, false)
		for _, finding := range end.findings {
			if kinds[kindOf(finding)]++; kinds[kindOf(finding)] == 1 {
				t.Errorf("seed %d: %s\n%s", s.seed, finding, f.shortened(t, s, kindOf(finding)))
			}
		}
	}
	took := time.Since(began)
	t.Logf("%d stories in %s, %s each", *stories, took.Round(time.Millisecond), took/time.Duration(*stories))
	for kind, count := range kinds {
		t.Logf("%5d  %s", count, kind)
	}
}

func (f files) shortened(t *testing.T, s *story, kind string) string {
	short := f.shrink(t, s, kind)
	end := f.tell(t, short, true)
	return strings.Join(end.lines, "\n") + "\n" + strings.Join(end.taken, "\n")
}

// The same seed tells the same story, to the last gate.
func TestOneSeedIsOneStory(t *testing.T) {
	f := newFiles(t)
	for seed := range uint64(50) {
		once, again := f.tell(t, &story{seed: seed}, true), f.tell(t, &story{seed: seed}, true)
		if once.digest != again.digest {
			t.Errorf("seed %d: two stories", seed)
			for k := range once.lines {
				if k >= len(again.lines) || once.lines[k] != again.lines[k] {
					t.Logf("%s\n%s", once.lines[k], again.lines[min(k, len(again.lines)-1)])
					break
				}
			}
		}
	}
}
