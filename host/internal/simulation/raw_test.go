package simulation

import (
	"database/sql"
	"errors"
)

// raw is a way of the simulator's own to the database, for what no host would
// read or write. Its statements stay prepared. What fails there is a fault of
// the simulator.
type raw struct {
	db    *sql.DB
	known map[string]*sql.Stmt
}

func (r *raw) statement(query string) *sql.Stmt {
	if known, ok := r.known[query]; ok {
		return known
	}
	prepared, err := r.db.Prepare(query)
	if err != nil {
		panic(query + ": " + err.Error())
	}
	r.known[query] = prepared
	return prepared
}

func (r *raw) exec(query string, args ...any) {
	if _, err := r.statement(query).Exec(args...); err != nil { //nolint:sqlclosecheck // prepared once for the whole run
		panic(query + ": " + err.Error())
	}
}

// row reads one row, and reports whether there is one.
func (r *raw) row(query string, args []any, into ...any) bool {
	//nolint:sqlclosecheck // as above
	err := r.statement(query).QueryRow(args...).Scan(into...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		panic(query + ": " + err.Error())
	}
	return err == nil
}

// rows calls each with the two columns of every row.
func (r *raw) rows(query string, each func(a, b string)) {
	rows, err := r.statement(query).Query() //nolint:sqlclosecheck // as above
	if err != nil {
		panic(query + ": " + err.Error())
	}
	defer rows.Close()

	for rows.Next() {
		var a, b string
		if err := rows.Scan(&a, &b); err != nil {
			panic(query + ": " + err.Error())
		}
		each(a, b)
	}

	if err := rows.Err(); err != nil {
		panic(query + ": " + err.Error())
	}
}

func (r *raw) close() error {
	var failed error
	for _, prepared := range r.known {
		failed = errors.Join(failed, prepared.Close())
	}
	return errors.Join(failed, r.db.Close())
}
