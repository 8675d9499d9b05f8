// Command mutants shows that the tests bite: it breaks one rule of the code
// after the other, and a test must notice.
//
//	mutants [-update] [-only TEXT] [-jobs N] [-list FILE]
//
// It is run in the folder of the repository. Each mutant of the list replaces a
// piece of text that occurs once in its file, in a copy that only the compiler
// sees (go test -overlay), and runs the tests that the list names, first the
// one that has caught it before. A mutant whose text is not found, that does
// not compile, that no test catches, or under which a test only hangs fails the
// command. With -update the list says afterwards which test has caught each.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"
)

func main() {
	file := flag.String("list", "tools/mutants/list.txt", "`file` of the mutants")
	only := flag.String("only", "", "only mutants with this `text` in their names")
	jobs := flag.Int("jobs", 2, "how many mutants are tried at a time")
	update := flag.Bool(
		"update",
		false,
		"write which test has caught each mutant into the list",
	)

	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *file, *only, *jobs, *update); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// run tries the mutants of a list, and returns an error when one of them lives.
func run(ctx context.Context, file, only string, jobs int, update bool) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	list, err := parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}

	begun := time.Now()
	lives := 0
	tried := 0

	for v := range tryAll(ctx, chosen(list, only), jobs) {
		tried++
		fmt.Println(v)
		// A mutant that lives keeps the name of the test that caught it before.
		if v.problem != "" {
			lives++
			continue
		}

		v.mutant.caught = v.caught
	}

	if update {
		// it is source
		if err := os.WriteFile(file, []byte(format(string(text), list)),
			0o600); err != nil { // the file is there, and keeps its mode
			return err
		}
	}

	fmt.Printf("%d of %d mutants are caught, in %s\n", tried-lives, tried,
		time.Since(begun).Round(time.Second))

	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case tried == 0:
		return fmt.Errorf("no mutant has %q in its name", only)
	case lives > 0:
		return fmt.Errorf("%d of %d mutants are not caught", lives, tried)
	}

	return nil
}

func chosen(list []*mutant, only string) (some []*mutant) {
	for _, m := range list {
		if strings.Contains(m.name, only) {
			some = append(some, m)
		}
	}
	return some
}

// tryAll tries mutants, some at a time, and gives what became of each.
func tryAll(ctx context.Context, list []*mutant, jobs int) <-chan verdict {
	todo, verdicts := make(chan *mutant), make(chan verdict)
	var workers sync.WaitGroup

	for range max(jobs, 1) {
		workers.Go(func() {
			for m := range todo {
				verdicts <- m.try(ctx)
			}
		})
	}

	// The deferred calls run in reverse order: the workers have no more to do,
	// they end, and only then are the verdicts complete.
	go func() {
		defer close(verdicts)
		defer workers.Wait()
		defer close(todo)

		for _, m := range list {
			select {
			case todo <- m:
			case <-ctx.Done():
				return
			}
		}
	}()

	return verdicts
}
