package store

import (
	"context"
	"database/sql"
	"fmt"
)

// sqliteTx is a transaction on a SQLite file. There are no round trips to save,
// so everything is run at once.
type sqliteTx struct {
	tx       *sql.Tx
	prepared *statements
}

func (t *sqliteTx) exec(ctx context.Context, query string, args []any) (int64, error) {
	var (
		res sql.Result
		err error
	)
	if stmt := t.prepared.of(ctx, t.tx, query); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction
		res, err = stmt.ExecContext(ctx, args...)
	} else {
		res, err = t.tx.ExecContext(ctx, query, args...)
	}

	if err != nil {
		return 0, err
	}

	return res.RowsAffected()
}

func (t *sqliteTx) query(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	var (
		rows *sql.Rows
		err  error
	)
	if stmt := t.prepared.of(ctx, t.tx, query); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction
		rows, err = stmt.QueryContext(ctx, args...)
	} else {
		rows, err = t.tx.QueryContext(ctx, query, args...)
	}

	if err != nil {
		return err
	}
	defer rows.Close()

	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}

	return rows.Err()
}

func (t *sqliteTx) later(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	if each != nil {
		return t.query(ctx, query, args, each)
	}
	_, err := t.exec(ctx, query, args)
	return err
}

// sqliteBatch is a writing transaction, in which each job has a savepoint. It
// goes on whatever becomes of the callers, so their contexts are not for its
// statements; the driver would keep a goroutine for each besides.
type sqliteBatch struct {
	sqliteTx
	ctx   context.Context
	alone bool
}

func (b *sqliteBatch) exec(_ context.Context, query string, args []any) (int64, error) {
	return b.sqliteTx.exec(b.ctx, query, args)
}

func (b *sqliteBatch) query(
	_ context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	return b.sqliteTx.query(b.ctx, query, args, each)
}

func (b *sqliteBatch) later(
	_ context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	return b.sqliteTx.later(b.ctx, query, args, each)
}

func (b *sqliteBatch) flush() error { return nil }

func (b *sqliteBatch) control(query string) error {
	_, err := b.tx.ExecContext(b.ctx, query)
	return err
}

func (b *sqliteBatch) open(_ *job, alone bool) error {
	if b.alone = alone; alone {
		return nil
	}
	if err := b.control("SAVEPOINT job"); err != nil {
		return fmt.Errorf("%w: savepoint: %w", errBroken, err)
	}
	return nil
}

func (b *sqliteBatch) shut(err error) error {
	if b.alone {
		return nil // commit and rollback see to it
	}
	if err != nil {
		if back := b.control("ROLLBACK TO SAVEPOINT job"); back != nil {
			return fmt.Errorf(
				"%w: %w (and taking it back failed: %w)",
				errBroken,
				err,
				back,
			)
		}
	}

	if err := b.control("RELEASE SAVEPOINT job"); err != nil {
		return fmt.Errorf("%w: release: %w", errBroken, err)
	}

	return nil
}

func (b *sqliteBatch) commit() (map[*job]error, error) {
	if err := b.tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return nil, nil
}

// what cannot be taken back was never written
func (b *sqliteBatch) rollback() { _ = b.tx.Rollback() }
