package inbox

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payhost/payhost/host/internal/store"
)

// whoever returns a claim of a sender at an address of its own.
func whoever(provider, sender string) claim { return claim{provider, sender, "address of " + sender} }

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
		if (p.taken != 0) || (len(p.queues)+len(p.turns)+len(p.sender)+len(p.provider)+len(p.address) != 0) {
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
				if (taken != c.want) || (len(p.queues)+len(p.turns) != 0) {
					t.Errorf("%d were taken, %d still wait", taken, len(p.queues))
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
		// It stands behind its own sender's first, which waits for another provider.
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
		if (p.taken != 0) || (len(p.queues)+len(p.turns) != 0) {
			t.Errorf("something is left: %+v", p)
		}
	})
}

func TestBytesThatProveNothingAreBoundedInAll(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newBudgets(func() time.Time { return now })
	stored := func(provider string, size int, v verdict) (bytes int) {
		for b.take(provider, size) {
			b.settle(provider, size, 0, v)
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
		b.settle("acme", maxBody, 0, verified)
	}
	// The last one is refused for what it may have until it is read.
	if n := stored("acme", maxBody, unverified); (n > providerBytes) || (n < providerBytes-maxBody-rowBytes) {
		t.Errorf("%d bytes of one provider's", n)
	}
	if b.take("acme", maxBody) || !b.take("other", 0) {
		t.Error("one provider's strangers stop another's")
	}
	b.settle("other", 0, 0, verified)

	for n := range 10 {
		stored(fmt.Sprint("p", n), 1000, unverified)
	}
	if b.take("fresh", 100_000) {
		t.Error("there is no bound for all of them")
	}
	now = now.Add(time.Second)
	if n := stored("fresh", 1000, unread); (n > allBytesRate+2*rowBytes) || (n < allBytesRate-2*rowBytes) {
		t.Errorf("%d bytes came back in a second", n)
	}
}
