package simulation

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	stories = flag.Int("simulation.stories", 100, "how many stories are told")
	first   = flag.Uint64("simulation.seed", 1, "the first story's seed")
	each    = flag.Int("simulation.each", 3, "how many findings of a kind the survey cuts down")
	only    = flag.Int("simulation.theme", -1, "only stories of this theme")
	survey  = flag.String("simulation.survey", "", "a file for every kind of finding, cut down")
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // stories are short, and leave little behind
	os.Exit(m.Run())
}

// season is how many stories share a database.
const season = 250

func TestStories(t *testing.T) {
	f := newFiles(t)
	began := time.Now()
	var mu sync.Mutex
	next, kinds := 0, map[string]int{}
	t.Run("tellers", func(t *testing.T) {
		for k := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(k), func(t *testing.T) {
				t.Parallel()
				for {
					mu.Lock()
					from := next
					next += season
					mu.Unlock()
					if from >= *stories {
						return
					}
					f.season(t, fmt.Sprint("stories", k), func(teller *teller) {
						for number := from; number < min(from+season, *stories); number++ {
							s := &story{seed: *first + uint64(number)}
							if theme := (&world{story: s}).theme(); *only >= 0 && int(theme) != *only {
								continue
							}
							end := teller.tell(s, false)
							mu.Lock()
							for _, finding := range end.findings {
								if kinds[kindOf(finding)]++; kinds[kindOf(finding)] <= *each {
									t.Errorf("seed %d: %s", s.seed, finding)
								}
							}
							mu.Unlock()
						}
					})
				}
			})
		}
	})
	took := time.Since(began)
	t.Logf("%d stories in %s, %s each", *stories, took.Round(time.Millisecond), took/time.Duration(*stories))
	for kind, count := range kinds {
		t.Logf("%5d  %s", count, kind)
	}
}

// The same seed tells the same story, to the last gate, whatever was told before.
func TestOneSeedIsOneStory(t *testing.T) {
	f := newFiles(t)
	const several = 60
	var once, again [several]outcome
	f.season(t, "once", func(teller *teller) {
		for seed := range once {
			once[seed] = teller.tell(&story{seed: uint64(seed)}, true)
		}
	})
	f.season(t, "again", func(teller *teller) {
		for k := range again {
			seed := several - 1 - k
			again[seed] = teller.tell(&story{seed: uint64(seed)}, true)
		}
	})
	for seed := range once {
		if once[seed].digest == again[seed].digest {
			continue
		}
		t.Errorf("seed %d: two stories", seed)
		a, b := once[seed].gates, again[seed].gates
		for k := range a {
			if k >= len(b) || a[k] != b[k] {
				t.Logf("after %s\n%s\n%s", a[max(0, k-1)], a[k], b[min(k, len(b)-1)])
				break
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
	for from := 0; from < *stories; from += season {
		f.season(t, "survey", func(teller *teller) {
			for k := from; k < from+season; k++ {
				s := &story{seed: *first + uint64(k)}
				end := teller.tell(s, false)
				kinds := map[string]string{}
				for _, finding := range end.findings {
					kinds[kindOf(finding)] = finding
				}
				for _, kind := range slices.Sorted(maps.Keys(kinds)) {
					if cut[kind]++; cut[kind] > *each {
						continue
					}
					end := teller.tell(teller.shrink(s, kind), true)
					sign := kind + " <- " + signature(end.taken)
					if seen[sign]++; seen[sign] > 1 {
						continue
					}
					fmt.Fprintf(file, "=== seed %d, story %d: %s\n    %s\n%s\n  -- %s\n\n", s.seed, k+1, kinds[kind], sign,
						strings.Join(end.lines, "\n"), strings.Join(end.taken, "\n  -- "))
				}
			}
		})
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
