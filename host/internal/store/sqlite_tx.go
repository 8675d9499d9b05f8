package store

import (
	"context"
	"database/sql"
	"fmt"
)

// sqliteTx is a transaction on a SQLite file. There are no round trips to save,
// so it runs every statement at once.
type sqliteTx struct {
	tx       *sql.Tx
	prepared *statements
}

func (t *sqliteTx) exec(ctx context.Context, query string, args []any) (int64, error) {
	var (
		result sql.Result
		err    error
	)

	//nolint:sqlclosecheck // the statement ends with the transaction
	if prepared := t.prepared.of(ctx, t.tx, query); prepared != nil {
		result, err = prepared.ExecContext(ctx, args...)
	} else {
		result, err = t.tx.ExecContext(ctx, query, args...)
	}

	if err != nil {
		return 0, err
	}

	return result.RowsAffected()
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

	//nolint:sqlclosecheck // the statement ends with the transaction
	if prepared := t.prepared.of(ctx, t.tx, query); prepared != nil {
		rows, err = prepared.QueryContext(ctx, args...)
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

func (t *sqliteTx) queue(
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

// sqliteBatch is a writing transaction, in which each job has a savepoint. Its
// statements do not use the contexts of the callers: it goes on when a caller
// leaves. The driver would also start a goroutine for each statement of a
// context that can end.
type sqliteBatch struct {
	sqliteTx
	ctx context.Context
	// only says that the batch has one job, which needs no savepoint.
	only bool
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

func (b *sqliteBatch) queue(
	_ context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	return b.sqliteTx.queue(b.ctx, query, args, each)
}

func (b *sqliteBatch) flush() error { return nil }

func (b *sqliteBatch) control(query string) error {
	_, err := b.tx.ExecContext(b.ctx, query)
	return err
}

func (b *sqliteBatch) beginPart(_ *job, only bool) error {
	b.only = only
	if only {
		return nil
	}
	if err := b.control("SAVEPOINT job"); err != nil {
		return fmt.Errorf("%w: savepoint: %w", errBroken, err)
	}
	return nil
}

func (b *sqliteBatch) endPart(err error) error {
	if b.only {
		return nil // the transaction's commit or roll-back ends it
	}
	if err != nil {
		if back := b.control("ROLLBACK TO SAVEPOINT job"); back != nil {
			return fmt.Errorf(
				"%w: %w (and rolling it back failed: %w)",
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

// rollback ignores the error: without a commit, nothing is ever written.
func (b *sqliteBatch) rollback() { _ = b.tx.Rollback() }
