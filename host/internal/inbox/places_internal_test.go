package inbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payhost/payhost/host/internal/store"
)

// whoever returns a claim of a sender at an address of its own.
func whoever(
	provider, sender string,
) claim {
	return claim{provider, sender, "address of " + sender}
}

// waitingFor returns how many senders wait.
func waitingFor(p *places) (count int) {
	for _, provider := range p.providers {
		count += len(provider.senders)
	}
	return count
}

func TestPlacesAreGivenInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(bounds{all: 1, provider: 1, sender: 1, address: 1}, time.Hour)
		first := whoever("acme", "flood")
		if err := p.take(t.Context(), first); err != nil {
			t.Fatal(err)
		}

		order := make(chan string, 20)
		wait := func(c claim, name string) {
			go func() {
				if p.take(context.Background(), c) == nil {
					order <- name
				}
			}()
			synctest.Wait()
		}

		for n := range 10 {
			wait(first, fmt.Sprintf("flood %d", n))
		}
		wait(whoever("acme", "provider"), "provider")
		wait(whoever("acme", "customer"), "customer")

		p.give(first)
		current := first

		for _, want := range []string{"flood 0", "provider", "customer", "flood 1", "flood 2"} {
			if got := <-order; got != want {
				t.Fatalf("%s came, and not %s", got, want)
			}

			for _, name := range []string{"flood", "provider", "customer"} {
				if len(want) >= len(name) && (want[:len(name)] == name) {
					current = whoever("acme", name)
				}
			}

			p.give(current)
			synctest.Wait()
		}

		for range 7 {
			<-order
			p.give(first)
			synctest.Wait()
		}

		if (p.taken != 0) ||
			(len(p.providers)+len(p.senders)+len(p.addresses)+p.turns.Len() != 0) {
			t.Errorf("something is left: %+v", p)
		}
	})
}

func TestTheBoundsOfPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		bounds bounds
		claim  func(n int) claim
		want   int
	}{
		"in all": {bounds{5, 9, 9, 9}, func(n int) claim {
			return whoever(fmt.Sprint("p", n), fmt.Sprint("s", n))
		}, 5},
		"of a provider": {bounds{9, 4, 9, 9}, func(n int) claim { return whoever("p", fmt.Sprint("s", n)) }, 4},
		"of a sender": {bounds{9, 9, 3, 9}, func(n int) claim {
			return claim{fmt.Sprint("p", n), "s", fmt.Sprint("a", n)}
		}, 3},
		"of an address": {bounds{9, 9, 9, 2}, func(n int) claim {
			return claim{fmt.Sprint("p", n), fmt.Sprint("s", n), "a"}
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlaces(c.bounds, time.Minute)
				taken := 0

				for n := range 9 {
					begun := time.Now()
					err := p.take(t.Context(), c.claim(n))
					if err == nil {
						taken++
						continue
					}

					if !errors.Is(err, errNoPlace) || (time.Since(begun) != time.Minute) {
						t.Errorf("after %s: %v", time.Since(begun), err)
					}
				}

				if (taken != c.want) || (p.turns.Len()+waitingFor(p) != 0) {
					t.Errorf("%d were taken, %d still wait", taken, waitingFor(p))
				}
			})
		})
	}
}

func TestWhoeverGoesAwayWaitsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(bounds{all: 2, provider: 1, sender: 2, address: 2}, time.Hour)
		held := whoever("busy", "one")
		if err := p.take(t.Context(), held); err != nil {
			t.Fatal(err)
		}

		ctx, cancel := context.WithCancel(context.Background())
		gone, got := make(chan error, 1), make(chan error, 1)
		go func() { gone <- p.take(ctx, whoever("busy", "two")) }()
		synctest.Wait()

		// It stands behind its own sender's first, which waits for another
		// provider.
		go func() { got <- p.take(context.Background(), whoever("free", "two")) }()
		synctest.Wait()

		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := <-got; err != nil {
			t.Error(err)
		}

		p.give(whoever("free", "two"))
		p.give(held)
		if (p.taken != 0) ||
			(len(p.providers)+len(p.senders)+len(p.addresses)+p.turns.Len() != 0) {
			t.Errorf("something is left: %+v", p)
		}
	})
}

func TestBytesThatProveNothingAreBoundedInAll(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newBudgets(func() time.Time { return now })
	stored := func(provider string, size int, v verdict) (bytes int) {
		for b.take(provider, size) {
			b.release(provider, size, 0, v)
			if bytes += min(size, store.KeptUnverified) + rowBytes; bytes > 1<<30 {
				break
			}
		}
		return bytes
	}

	// What is genuine takes nothing, however much there is.
	for range 1000 {
		if !b.take("acme", maxBody) {
			t.Fatal("genuine ones are bounded")
		}
		b.release("acme", maxBody, 0, verified)
	}

	// The last one is refused for what it may have until it is read.
	if n := stored("acme", maxBody, unverified); (n > providerBytes) ||
		(n < providerBytes-maxBody-rowBytes) {
		t.Errorf("%d bytes of one provider's", n)
	}

	if b.take("acme", maxBody) || !b.take("other", 0) {
		t.Error("one provider's strangers stop another's")
	}
	b.release("other", 0, 0, verified)

	for n := range 10 {
		stored(fmt.Sprint("p", n), 1000, unverified)
	}
	if b.take("fresh", 100_000) {
		t.Error("there is no bound for all of them")
	}

	now = now.Add(time.Second)
	if n := stored("fresh", 1000, unread); (n > allBytesRate+2*rowBytes) ||
		(n < allBytesRate-2*rowBytes) {
		t.Errorf("%d bytes came back in a second", n)
	}
}

// However many wait, and wherever they are held up, a place is given and taken
// in about the same time.
func TestAPlaceCostsTheSameHoweverManyWait(t *testing.T) {
	cost := func(waiting int) time.Duration {
		p := newPlaces(bounds{all: 8, provider: 4, sender: 1, address: 2}, time.Hour)
		ctx, cancel := context.WithCancel(context.Background())
		of := func(n int) claim {
			return claim{fmt.Sprint("p", n%2), fmt.Sprint("s", n), fmt.Sprint("a", n%4)}
		}

		var all sync.WaitGroup
		given := make(chan claim, waiting)

		for n := range waiting {
			all.Go(func() {
				if p.take(ctx, of(n)) == nil {
					given <- of(n)
				}
			})
		}

		for queued := 0; queued < waiting-8; time.Sleep(time.Millisecond) {
			p.mu.Lock()
			queued = waitingFor(p)
			p.mu.Unlock()
		}

		const turns = 200
		best := time.Hour

		for range 5 {
			begun := time.Now()
			for range turns {
				p.give(<-given)
			}
			best = min(best, time.Since(begun))
		}

		cancel()
		all.Wait()
		return best
	}

	few, many := cost(1500), cost(15_000)
	if many > 5*few {
		t.Errorf("%s with ten times as many, and %s", many, few)
	}
}

// Whatever comes, waits, goes away and is given back, in whatever order: the
// bounds hold, and nobody waits while there is a place.
func TestPlacesUnderEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		most := bounds{all: 6, provider: 4, sender: 2, address: 3}
		p := newPlaces(most, 50*time.Millisecond)
		type held struct {
			who  claim
			over chan struct{}
		}
		var mu sync.Mutex

		var holding []held
		var all sync.WaitGroup

		for step := range 4000 {
			who := claim{
				fmt.Sprint(
					"p",
					random.IntN(3),
				), fmt.Sprint("s", random.IntN(6)), fmt.Sprint("a", random.IntN(4)),
			}
			wait := time.Duration(random.IntN(80)) * time.Millisecond
			all.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), wait)
				defer cancel()
				if p.take(ctx, who) != nil {
					return
				}

				over := make(chan struct{})
				mu.Lock()
				holding = append(holding, held{who, over})
				mu.Unlock()
				<-over
				p.give(who)
			})

			synctest.Wait()
			mu.Lock()
			if (len(holding) > 0) && (random.IntN(3) > 0) {
				at := random.IntN(len(holding))
				close(holding[at].over)
				holding = slices.Delete(holding, at, at+1)
			}

			mu.Unlock()
			if random.IntN(4) == 0 {
				time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
			}
			synctest.Wait()
			p.check(t, step, most)
		}

		for p.taken > 0 {
			mu.Lock()
			for _, one := range holding {
				close(one.over)
			}
			holding = nil
			mu.Unlock()
			time.Sleep(time.Second)
			synctest.Wait()
		}

		all.Wait()
		if len(p.providers)+len(p.senders)+len(p.addresses)+p.turns.Len() != 0 {
			t.Errorf("something is left: %+v", p)
		}
	})
}

// check counts what is taken, and looks for who waits although there is a
// place.
func (p *places) check(t *testing.T, step int, most bounds) {
	t.Helper()
	if (p.taken > most.all) || (p.taken < 0) {
		t.Fatalf("step %d: %d are taken", step, p.taken)
	}

	for name, provider := range p.providers {
		if (provider.taken > most.provider) || (provider.taken < 0) {
			t.Fatalf("step %d: %d of %s", step, provider.taken, name)
		}

		for _, queue := range provider.senders {
			first, _ := queue.waiters.Front().Value.(*waiter)
			room := (p.taken < most.all) && (provider.taken < most.provider)
			if room && (p.fullShare(first.claim) == nil) {
				t.Fatalf("step %d: %v waits although there is a place", step, first.claim)
			}
		}
	}

	for name, one := range p.senders {
		if (one.taken > most.sender) || (one.taken < 0) {
			t.Fatalf("step %d: %d of %s", step, one.taken, name)
		}
	}

	for name, one := range p.addresses {
		if (one.taken > most.address) || (one.taken < 0) {
			t.Fatalf("step %d: %d of %s", step, one.taken, name)
		}
	}
}
