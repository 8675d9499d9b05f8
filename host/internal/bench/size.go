package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
)

// sizedPayments are how many payments a database is measured with. The pages
// that an empty one has count for nothing then.
const sizedPayments = 4000

// sizedCallers make them.
const sizedCallers = 16

// sizes are how many bytes a payment takes in a database, with its key, its
// attempts, history, events and webhook, and with their indexes.
type sizes struct {
	Created   float64 // it waits for its customer
	Succeeded float64 // its webhook has come
}

// sized is what was measured of one side's database.
type sized struct {
	database string
	side     int
	sizes
}

// measureSizes makes payments in an empty database, reports them paid, and
// looks each time at what the database takes.
func measureSizes(ctx context.Context, o order) (result sizes, err error) {
	opened, err := openDurable(ctx, o.Dir, o.URL)
	if err != nil {
		return result, err
	}
	defer opened.Close(ctx) //nolint:errcheck // nothing more is measured

	address, end, err := serveWebhooks(ctx, opened)
	if err != nil {
		return result, err
	}
	defer end()

	empty, err := bytesOf(ctx, o.URL)
	if err != nil {
		return result, err
	}
	ids := make([]string, sizedPayments)
	err = inParallel(func(k int) error {
		made, err := makeModel(ctx, opened, account, k)
		if err == nil {
			ids[k] = made.ID
		}
		return err
	})
	if err != nil {
		return result, err
	}

	created, err := bytesOf(ctx, o.URL)
	if err != nil {
		return result, err
	}
	err = inParallel(func(k int) error { return reportPaid(ctx, address, ids[k]) })
	if err != nil {
		return result, err
	}

	succeeded, err := bytesOf(ctx, o.URL)
	result.Created = float64(created-empty) / sizedPayments
	result.Succeeded = float64(succeeded-empty) / sizedPayments

	return result, err
}

// inParallel does something for each of the payments.
func inParallel(do func(k int) error) error {
	var running sync.WaitGroup
	failures := make(chan error, sizedCallers)

	for caller := range sizedCallers {
		running.Go(func() {
			for k := caller; k < sizedPayments; k += sizedCallers {
				if err := do(k); err != nil {
					failures <- err
					return
				}
			}
		})
	}

	running.Wait()
	close(failures)
	return <-failures // nil when there is none
}

// bytesOf returns what the tables of a database and their indexes take, on
// SQLite without the pages that are free.
func bytesOf(ctx context.Context, url string) (size int64, err error) {
	db, err := openRaw(url)
	if err != nil {
		return 0, err
	}
	defer db.Close()

	if strings.HasPrefix(url, "sqlite:") {
		err = db.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size
			FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`).Scan(&size)
		return size, err
	}

	// Autovacuum does the same in time.
	if _, err := db.ExecContext(ctx, "VACUUM"); err != nil {
		return 0, fmt.Errorf("vacuum: %w", err)
	}

	err = db.QueryRowContext(ctx, `SELECT SUM(pg_total_relation_size(oid)) FROM pg_class
		WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
		AND relname NOT LIKE 'river%'`).Scan(&size)

	return size, err
}

// sizes measures what a payment takes in one kind of database, on each side.
func (b *bench) sizes(
	ctx context.Context,
	name string,
	place func(s *side, rows int) (string, error),
) error {
	for k, s := range b.sides {
		worker, err := s.employ(ctx)
		if err != nil {
			return err
		}
		url, err := place(s, 0)
		if err != nil {
			worker.dismiss()
			return err
		}

		into := filepath.Join(b.dir, s.name, name+"-size")
		found := sized{database: name, side: k}
		err = worker.ask(order{Do: "sizes", Dir: into, URL: url}, &found.sizes)
		worker.dismiss()
		if err != nil {
			return err
		}

		b.report.sizes = append(b.report.sizes, found)
	}

	return nil
}

const sizesText = `
## Bytes a payment

What a payment takes in the database: its key, attempts, history, events and webhook, and
their indexes, as they lie on disk. One that was only created, and
one that a webhook has reported paid.

| database | tree | created | succeeded |
|---|---|---|---|
`

func (b *bench) printSizes(print printer) {
	if len(b.report.sizes) == 0 {
		return
	}
	print("%s", sizesText)
	for _, found := range b.report.sizes {
		print("| %s | %s | %.0f | %.0f |\n",
			found.database, b.sides[found.side].name, found.Created, found.Succeeded)
	}
}
