package simulation

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	stories = flag.Int("simulation.stories", 100, "how many stories are told")
	first   = flag.Uint64("simulation.seed", 1, "the first story's seed")
	each    = flag.Int("simulation.each", 3, "how many findings of a kind the survey cuts down")
	survey  = flag.String("simulation.survey", "", "a file for every kind of finding, cut down")
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
				t.Errorf("seed %d: %s", s.seed, finding)
			}
		}
	}
	took := time.Since(began)
	t.Logf("%d stories in %s, %s each", *stories, took.Round(time.Millisecond), took/time.Duration(*stories))
	for kind, count := range kinds {
		t.Logf("%5d  %s", count, kind)
	}
}

func (f files) shortened(t *testing.T, s *story, kind string) (end outcome) {
	return f.tell(t, f.shrink(t, s, kind), true)
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

// TestSurvey cuts every bad story down and sorts them by what is left of it.
func TestSurvey(t *testing.T) {
	if *survey == "" {
		t.Skip("no survey wanted")
	}
	f := newFiles(t)
	file, err := os.Create(*survey)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen, cut := map[string]int{}, map[string]int{}
	for k := range *stories {
		s := &story{seed: *first + uint64(k)}
		end := f.tell(t, s, false)
		kinds := map[string]string{}
		for _, finding := range end.findings {
			kinds[kindOf(finding)] = finding
		}
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			if cut[kind]++; cut[kind] > *each {
				continue
			}
			end := f.shortened(t, s, kind)
			sign := kind + " <- " + signature(end.taken)
			if seen[sign]++; seen[sign] > 1 {
				continue
			}
			fmt.Fprintf(file, "=== seed %d, story %d: %s\n    %s\n%s\n  -- %s\n\n", s.seed, k+1, kinds[kind], sign,
				strings.Join(end.lines, "\n"), strings.Join(end.taken, "\n  -- "))
		}
	}
	fmt.Fprintln(file, "=== counts")
	for _, sign := range slices.Sorted(maps.Keys(seen)) {
		fmt.Fprintf(file, "%5d  %s\n", seen[sign], sign)
	}
}

// signature is what is left of a story, without names and numbers.
func signature(taken []string) string {
	var kept []string
	for _, name := range taken {
		words := strings.Fields(name)
		if strings.Contains(name, "order") {
			continue
		}
		where := words[len(words)-1]
		if len(words) > 3 {
			where = strings.Join(words[len(words)-3:], " ")
		}
		if at := strings.IndexByte(where, '#'); at >= 0 {
			rest := strings.Fields(where[at:])
			where = where[:at] + strings.Join(rest[1:], " ")
		}
		kept = append(kept, where)
	}
	slices.Sort(kept)
	return strings.Join(slices.Compact(kept), "; ")
}
