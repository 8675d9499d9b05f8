// Command bench measures what Payhost adds to a provider's call and what its
// durability costs, and writes BENCHMARKS.md with its picture. It measures
// loads in turns, in one run, so that a busy machine slows them alike: only the
// ratios carry over to other machines.
//
//	bench [-quick] [-base COMMIT] FILE
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// plan is how much is measured.
type plan struct {
	rounds  int
	slice   time.Duration
	rows    []int
	list    time.Duration
	recover time.Duration
	sustain time.Duration
	starts  int
	swaps   int
	torture bool
	// minutes is about how long one side takes, on two cores.
	minutes int
}

var (
	wholePlan = plan{
		rounds:  5,
		slice:   1400 * time.Millisecond,
		rows:    []int{1000, 1_000_000},
		list:    4 * time.Second,
		recover: 20 * time.Second,
		sustain: 5 * time.Minute,
		starts:  15,
		swaps:   20,
		torture: true,
		minutes: 20,
	}
	quickPlan = plan{
		rounds:  2,
		slice:   400 * time.Millisecond,
		rows:    []int{1000, 20_000},
		list:    200 * time.Millisecond,
		recover: 3 * time.Second,
		sustain: 10 * time.Second,
		starts:  3,
		swaps:   5,
		minutes: 2,
	}
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := start(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == workerRole {
		return work(context.WithoutCancel(ctx), os.Stdin, os.Stdout)
	}

	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "measure in two minutes what can be")
	base := flags.String("base", "", "`commit` to compare with, in turns")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("one argument is needed: the file to write")
	}

	wanted := wholePlan
	if *quick {
		wanted = quickPlan
	}

	return run(ctx, wanted, *base, flags.Arg(0))
}

// run makes all measurements and writes the report.
func run(ctx context.Context, wanted plan, base, file string) (err error) {
	dir, err := os.MkdirTemp("", "payhost-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system cleans up what is left

	log, err := os.Create(file + ".log")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()

	sides := []*side{{name: "now", tree: ".", bin: filepath.Join(dir, "now"), log: log}}
	if base != "" {
		tree := filepath.Join(dir, "tree")
		remove, err := checkOut(ctx, base, tree)
		if err != nil {
			return err
		}
		defer remove()
		old := &side{name: "base", tree: tree, bin: filepath.Join(dir, "base"), log: log}
		sides = append(sides, old)
	}

	b := &bench{plan: wanted, sides: sides, dir: dir, begin: time.Now(), base: base}
	b.say("this takes about %d minutes", wanted.minutes*len(sides))
	if err := b.measure(ctx); err != nil {
		return fmt.Errorf("%w (what the programs said is in %s.log)", err, file)
	}

	return b.write(file)
}

// bench is one run.
type bench struct {
	plan  plan
	sides []*side // now, and the base when there is one
	dir   string
	base  string
	begin time.Time

	report report
}

// say tells on standard error what the run is at.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6s  %s\n",
		time.Since(b.begin).Round(time.Second), fmt.Sprintf(format, args...))
}

func (b *bench) measure(ctx context.Context) error {
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"building", b.build},
		{"calls", b.calls},
		{"starts, kills, swaps", b.supervision},
		{"everything over HTTP", b.whole},
		{"SQLite", b.onSQLite},
		{"PostgreSQL", b.onPostgres},
		{"a long load", b.long},
	}
	for k, step := range steps {
		b.say("%d of %d: %s", k+1, len(steps), step.name)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func (b *bench) build(ctx context.Context) error {
	for _, s := range b.sides {
		if err := s.build(ctx); err != nil {
			return err
		}
	}
	return nil
}

// staff employs a worker a side. The caller must call dismiss.
func (b *bench) staff(ctx context.Context) (workers []*employee, dismiss func(), err error) {
	dismiss = func() {
		for _, worker := range workers {
			worker.dismiss()
		}
	}
	for _, s := range b.sides {
		worker, err := s.employ(ctx)
		if err != nil {
			dismiss()
			return nil, nil, err
		}
		workers = append(workers, worker)
	}
	return workers, dismiss, nil
}

// turns has all sides measure the same in turns, and adds the medians as a row.
func (b *bench) turns(workers []*employee, chapter, name string, o order) error {
	lists := make([][]figures, len(workers))
	for round := range b.plan.rounds {
		for k := range workers {
			// Nobody is always the first.
			at := (k + round) % len(workers)
			var result figures
			if err := workers[at].ask(o, &result); err != nil {
				return fmt.Errorf("%s: %w", b.sides[at].name, err)
			}
			lists[at] = append(lists[at], result)
		}
	}

	for k, list := range lists {
		b.report.add(chapter, name, k, median(list))
	}

	return nil
}

func (b *bench) calls(ctx context.Context) error {
	workers, dismiss, err := b.staff(ctx)
	if err != nil {
		return err
	}
	defer dismiss()
	for k, worker := range workers {
		o := order{Do: "open-ways", Dir: filepath.Join(b.dir, b.sides[k].name, "ways")}
		if err := worker.ask(o, nil); err != nil {
			return err
		}
	}

	// All ways of a round belong together: a round is one slice of each.
	for _, callers := range []int{1, manyCallers} {
		lists := map[string][][]figures{}
		ways := []string{wayPlain, waySDK, wayHost}
		for range b.plan.rounds * 2 {
			for _, way := range ways {
				for k, worker := range workers {
					o := order{Do: "load", Way: way, Callers: callers, For: b.plan.slice / 2}
					var result figures
					if err := worker.ask(o, &result); err != nil {
						return err
					}
					for len(lists[way]) <= k {
						lists[way] = append(lists[way], nil)
					}
					lists[way][k] = append(lists[way][k], result)
				}
			}
		}
		for _, way := range ways {
			for k, list := range lists[way] {
				b.report.add(chapterCalls, callRow(way, callers), k, median(list))
			}
		}
	}

	return nil
}

func (b *bench) supervision(ctx context.Context) error {
	workers, dismiss, err := b.staff(ctx)
	if err != nil {
		return err
	}
	defer dismiss()

	for k, worker := range workers {
		into := filepath.Join(b.dir, b.sides[k].name, "supervision")
		for _, kind := range []string{"starts", "kills"} {
			var took []time.Duration
			o := order{Do: kind, Dir: into, Count: b.plan.starts}
			if err := worker.ask(o, &took); err != nil {
				return err
			}
			b.report.add(chapterSupervision, kind, k, figuresOf(took))
		}

		var felts map[string]felt
		o := order{Do: "swaps", Dir: into, Count: b.plan.swaps}
		if err := worker.ask(o, &felts); err != nil {
			return err
		}
		for _, kind := range []string{"steady", "swap", "stop"} {
			f := felts[kind]
			b.report.add(chapterSupervision, kind, k, figures{P50: f.P50, P99: f.P99})
			b.report.failed += f.Failed
		}
	}

	if !b.plan.torture {
		return nil
	}
	into := filepath.Join(b.dir, "torture")
	return workers[0].ask(order{Do: "torture", Dir: into}, &b.report.torture)
}

func (b *bench) onSQLite(ctx context.Context) error {
	return b.durable(ctx, "SQLite", 0, func(s *side, rows int) (string, error) {
		return "sqlite:" + filepath.Join(b.dir, s.name, fmt.Sprintf("%d.db", rows)), nil
	})
}

func (b *bench) onPostgres(ctx context.Context) error {
	server, pid, stop, err := postgresServer()
	if err != nil {
		return err
	}
	defer stop()
	if server == "" {
		b.say("left out: %s names no server, and no postgres is installed", postgresVariable)
		return nil
	}

	// The server may be one that others use: nothing is left on it.
	var drops []func()
	defer func() {
		for _, drop := range drops {
			drop()
		}
	}()

	return b.durable(ctx, "PostgreSQL", pid, func(s *side, rows int) (string, error) {
		own, drop, err := ownDatabase(ctx, server, fmt.Sprintf("%s_%d", s.name, rows))
		if err == nil {
			drops = append(drops, drop)
		}
		return own, err
	})
}

// long makes payments for minutes, on a side after the other.
func (b *bench) long(ctx context.Context) error {
	for k, s := range b.sides {
		worker, err := s.employ(ctx)
		if err != nil {
			return err
		}
		defer worker.dismiss()

		into := filepath.Join(b.dir, s.name, "long")
		open := order{Do: "open-host", Dir: into, URL: "sqlite:" + into + ".db"}
		if err := worker.ask(open, nil); err != nil {
			return err
		}

		// The rate is a part of what the side can do when it is empty.
		var can figures
		try := order{Do: "load", Way: wayPay, Callers: manyCallers, For: 5 * b.plan.slice}
		if err := worker.ask(try, &can); err != nil {
			return err
		}
		var points []point
		o := order{Do: "sustain", Rate: sustainedPart * can.PerSecond, For: b.plan.sustain}
		if err := worker.ask(o, &points); err != nil {
			return err
		}
		b.report.long = append(b.report.long, longLoad{b.sides[k].name, o.Rate, points})
	}
	return nil
}

// durable measures one database, small and large.
func (b *bench) durable(
	ctx context.Context,
	name string,
	server int,
	place func(s *side, rows int) (string, error),
) error {
	for _, rows := range b.plan.rows {
		b.say("  %s with %d rows", name, rows)
		if err := b.durableWith(ctx, name, server, rows, place); err != nil {
			return fmt.Errorf("with %d rows: %w", rows, err)
		}
	}

	b.say("  %s: bytes a payment", name)
	return b.sizes(ctx, name, place)
}

func (b *bench) durableWith(
	ctx context.Context,
	name string,
	server, rows int,
	place func(s *side, rows int) (string, error),
) error {
	workers, dismiss, err := b.staff(ctx)
	if err != nil {
		return err
	}
	defer func() { dismiss() }()
	opens := make([]order, len(workers))
	for k, worker := range workers {
		url, err := place(b.sides[k], rows)
		if err != nil {
			return err
		}
		into := filepath.Join(b.dir, b.sides[k].name, fmt.Sprintf("%s-%d", name, rows))
		opens[k] = order{Dir: into, URL: url, Server: server, Count: rows}

		fill := opens[k]
		fill.Do = "fill"
		var took time.Duration
		if err := worker.ask(fill, &took); err != nil {
			return err
		}
		b.say("    filled in %s", took.Round(time.Second))
		opens[k].Do = "open-host"
		if err := worker.ask(opens[k], nil); err != nil {
			return err
		}
	}

	if err := b.durableLoads(workers, name, rows); err != nil {
		return err
	}

	// The hosts are closed, and recovery opens one of its own.
	dismiss()
	workers, dismiss, err = b.staff(ctx)
	if err != nil {
		return err
	}

	for k, worker := range workers {
		o := opens[k]
		o.Do, o.For = "recover", b.plan.recover
		var result figures
		if err := worker.ask(o, &result); err != nil {
			return err
		}
		b.report.add(chapterRecovery, rowsRow(name, rows), k, result)
	}

	return nil
}

func (b *bench) durableLoads(workers []*employee, name string, rows int) error {
	for _, callers := range []int{1, manyCallers} {
		pay := order{Do: "load", Way: wayPay, Callers: callers, For: b.plan.slice}
		row := payRow(name, rows, callers)
		if err := b.turns(workers, chapterPayments, row, pay); err != nil {
			return err
		}
		if rows > b.plan.rows[0] {
			continue
		}

		told := order{Do: "webhooks", Callers: callers, For: b.plan.slice / 2}
		if err := b.turns(workers, chapterWebhooks, row, told); err != nil {
			return err
		}
	}

	for k, worker := range workers {
		var list []listRow
		if err := worker.ask(order{Do: "lists", For: b.plan.list}, &list); err != nil {
			return err
		}
		for _, row := range list {
			b.report.add(chapterLists, row.Name+", "+rowsRow(name, rows), k, row.Figures)
		}
	}

	return nil
}
