package main

import (
	"context"
	"slices"
	"time"

	"github.com/payhost/payhost/host"
)

// listRow is one list, with what it took.
type listRow struct {
	Name    string
	Figures figures
}

// lists are the lists with each filter, as an operator or a service asks.
func lists(h *host.Host) []struct {
	name string
	call func(context.Context) error
} {
	payments := func(filter host.Filter) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := h.ListPayments(ctx, filter)
			return err
		}
	}
	events := func(types ...string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := h.ListEvents(ctx, host.EventFilter{Types: types})
			return err
		}
	}
	hourAgo := time.Now().Add(-time.Hour)

	return []struct {
		name string
		call func(context.Context) error
	}{
		{"payments", payments(host.Filter{})},
		{"payments of a provider", payments(host.Filter{Provider: account})},
		{"payments of a frequent status", payments(host.Filter{Status: "succeeded"})},
		{"payments of a status that none has", payments(host.Filter{Status: "failed"})},
		{"payments of a provider and a rare status",
			payments(host.Filter{Provider: account, Status: "requires_action"})},
		{"payments of a merchant's reference",
			payments(host.Filter{MerchantReference: "order" + mark(3) + "17"})},
		{"payments of the time before an hour ago", payments(host.Filter{CreatedTo: hourAgo})},
		{"payouts", func(ctx context.Context) error {
			_, _, err := h.ListPayouts(ctx, host.Filter{})
			return err
		}},
		{"events", events()},
		{"events of a type that none has", events("payment.failed")},
	}
}

// measureLists reads each list again and again, one caller after the other.
func measureLists(ctx context.Context, w *worker, each time.Duration) ([]listRow, error) {
	var rows []listRow
	for _, list := range lists(w.host) {
		result, err := load(ctx, 1, each, list.call, w.server)
		if err != nil {
			return nil, err
		}
		rows = append(rows, listRow{list.name, result})
	}
	return rows, nil
}

// point is one second of a long load.
type point struct {
	Done     int
	P50, P99 time.Duration
}

// sustain makes payments at a fixed rate. A call's time counts from when it was
// to begin, so that one which had to wait for others is not forgotten.
func sustain(
	ctx context.Context,
	o order,
	call func(context.Context) error,
) ([]point, error) {
	type done struct {
		second int
		took   time.Duration
		err    error
	}
	begin := time.Now()
	total := int(o.Rate * o.For.Seconds())
	ended := make(chan done)
	places := make(chan struct{}, 4*manyCallers)

	// A load that cannot keep its rate ends all the same.
	go func() {
		defer close(ended)
		for k := 0; k < total && time.Since(begin) < o.For; k++ {
			planned := begin.Add(time.Duration(float64(k) / o.Rate * float64(time.Second)))
			time.Sleep(time.Until(planned))
			places <- struct{}{}
			go func() {
				err := call(ctx)
				now := time.Now()
				ended <- done{int(now.Sub(begin).Seconds()), now.Sub(planned), err}
				<-places
			}()
		}
		for range cap(places) {
			places <- struct{}{}
		}
	}()

	seconds := make([][]time.Duration, int(o.For.Seconds()))
	var failed error
	for result := range ended {
		if result.err != nil {
			failed = result.err
		} else if result.second < len(seconds) {
			seconds[result.second] = append(seconds[result.second], result.took)
		}
	}

	return pointsOf(seconds), failed
}

func pointsOf(seconds [][]time.Duration) (points []point) {
	for _, took := range seconds {
		made := point{Done: len(took)}
		if len(took) > 0 {
			slices.Sort(took)
			made.P50 = took[len(took)/2]
			made.P99 = took[len(took)*99/100]
		}
		points = append(points, made)
	}
	return points
}

// kept compares the last minute with the best one, by their rates. A shorter
// load is compared by its fifths.
func kept(points []point) float64 {
	size := min(60, max(len(points)/5, 1))
	rate := func(part []point) (sum float64) {
		for _, p := range part {
			sum += float64(p.Done)
		}
		return sum
	}

	best := 0.0
	for from := 0; from+size <= len(points); from++ {
		best = max(best, rate(points[from:from+size]))
	}
	if best == 0 {
		return 0
	}

	return rate(points[len(points)-size:]) / best
}
