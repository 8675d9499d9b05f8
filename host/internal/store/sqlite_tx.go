package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
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

func (t *sqliteTx) queueRow(ctx context.Context, b *bulk, args []any) error {
	for _, s := range b.single(args) {
		if err := t.queue(ctx, s.query, s.args, s.each); err != nil {
			return err
		}
	}
	return nil
}

// sqliteBatch is a writing transaction, in which each job has a part. Its
// statements do not use the contexts of the callers: it goes on when a caller
// leaves. The driver would also start a goroutine for each statement of a
// context that can end.
type sqliteBatch struct {
	sqliteTx
	ctx context.Context
	// savepoint says that the present part has one.
	savepoint bool
	// wrote says that the present part may have written something.
	wrote bool
	// failure is an error after which SQLite may have ended the transaction by
	// itself, as it does on a full disk.
	failure error
	spoilt  bool
}

func (b *sqliteBatch) exec(_ context.Context, query string, args []any) (int64, error) {
	count, err := b.sqliteTx.exec(b.ctx, query, args)
	return count, b.noted(err)
}

func (b *sqliteBatch) query(
	_ context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	// An error of each is the caller's alone: the statement itself went well.
	var unreadable error
	err := b.sqliteTx.query(b.ctx, query, args, func(row scanner) error {
		if unreadable == nil {
			unreadable = each(row)
		}
		return nil
	})
	if strings.HasPrefix(query, "SELECT") && err == nil {
		return unreadable
	}

	if err := b.noted(err); err != nil {
		return err
	}

	return unreadable
}

func (b *sqliteBatch) queue(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	if each != nil {
		return b.query(ctx, query, args, each)
	}
	_, err := b.exec(ctx, query, args)
	return err
}

func (b *sqliteBatch) queueRow(ctx context.Context, rows *bulk, args []any) error {
	for _, s := range rows.single(args) {
		if err := b.queue(ctx, s.query, s.args, s.each); err != nil {
			return err
		}
	}
	return nil
}

// noted keeps what a statement has done. It has written nothing when a row was
// in its way; after any other error nothing is certain.
func (b *sqliteBatch) noted(err error) error {
	switch {
	case err == nil:
		b.wrote = true
	case !duplicateInSQLite(err):
		b.failure = err
	}
	return err
}

func (b *sqliteBatch) flush() error { return nil }

func (b *sqliteBatch) auditHead() (head auditHead, failed map[*job]error, err error) {
	err = b.query(b.ctx, readAuditHead, nil, head.scan)
	return head, nil, err
}

func (b *sqliteBatch) control(query string) error {
	_, err := b.tx.ExecContext(b.ctx, query)
	return err
}

func (b *sqliteBatch) beginPart(_ *job, savepoint bool) error {
	b.savepoint = savepoint
	b.wrote = false
	b.failure = nil
	if !savepoint {
		return nil
	}

	if err := b.control("SAVEPOINT job"); err != nil {
		return fmt.Errorf("%w: savepoint: %w", errBroken, err)
	}

	return nil
}

func (b *sqliteBatch) endPart(err error) error {
	if !b.savepoint {
		b.endWithout(err)
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

// endWithout ends a part without a savepoint.
func (b *sqliteBatch) endWithout(err error) {
	b.spoilt = b.failure != nil || (err != nil && b.wrote)
}

func (b *sqliteBatch) spoiled() bool { return b.spoilt }

func (b *sqliteBatch) commit() (map[*job]error, error) {
	if err := b.tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return nil, nil
}

// rollback ignores the error: without a commit, nothing is ever written.
func (b *sqliteBatch) rollback() { _ = b.tx.Rollback() }
