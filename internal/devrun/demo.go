package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// demoTime bounds the whole tour.
const demoTime = 4 * time.Minute

// demo is a guided tour on a host, a store and plugins of its own, under
// var/demo: what happens there disturbs nothing.
func demo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	sandbox, addresses, err := startSandbox(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer sandbox.stop()

	stage, err := newStage(ctx, addresses)
	if err != nil {
		return err
	}
	// The deferred stops run in reverse order: the host ends before the
	// simulators that it calls.
	host, err := start(
		"the host",
		stage.log,
		stage.log,
		"bin/payhost",
		"serve",
		"--config",
		stage.config,
	)
	if err != nil {
		return err
	}
	defer host.stop()

	if err := waitReady(ctx, host, stage.base); err != nil {
		return fmt.Errorf("%w; its log is %s", err, stage.log.Name())
	}
	fmt.Printf("A host runs on simulated providers; its log is %s\n", stage.log.Name())

	t := &tour{stage: stage}
	for _, chapter := range []struct {
		title string
		tell  func(context.Context) error
	}{
		{"A payment through each provider, from creation to a settled status", t.payments},
		{"A payout where there is one", t.payouts},
		{"What customers can pay with, and what the accounts hold", t.lookups},
		{"A plugin is killed in the middle of a call", t.kill},
		{"A plugin is swapped for another version under load", t.swap},
	} {
		fmt.Printf("\n── %s\n", title(chapter.title))
		if err := chapter.tell(ctx); err != nil {
			return fmt.Errorf(
				"%s: %w; the host's log is %s",
				chapter.title,
				err,
				stage.log.Name(),
			)
		}
	}

	fmt.Println("\n── What happened")
	t.table(os.Stdout)
	if t.wrong > 0 {
		return fmt.Errorf("%d of these did not end as they should", t.wrong)
	}

	return nil
}

// title is bold on a terminal.
func title(text string) string {
	info, err := os.Stdout.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("NO_COLOR") != "" {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}
