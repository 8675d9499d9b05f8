package simulation

import (
	"flag"
	"testing"
	"time"
)

var (
	stories = flag.Int("simulation.stories", 100, "how many stories are told")
	first   = flag.Uint64("simulation.seed", 1, "the first story's seed")
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
				t.Logf("seed %d: %s", s.seed, finding)
				t.Fail()
			}
		}
	}
	took := time.Since(began)
	t.Logf("%d stories in %s, %s each", *stories, took.Round(time.Millisecond), took/time.Duration(*stories))
	for kind, count := range kinds {
		t.Logf("%5d  %s", count, kind)
	}
}
