package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
)

// This file builds the queries of lists, whose clauses depend on their filters.

// Filter narrows a list of intents. Zero values do not narrow.
type Filter struct {
	Kind              payment.Kind
	Provider          string
	Providers         []string // one of them
	Status            payment.Status
	MerchantReference string
	CreatedFrom       time.Time
	CreatedTo         time.Time
	Before            string // an id: only older ones
	Limit             int
}

// ListIntents reads those first that were recorded last, by the database's
// clock. Before leaves out what was recorded at the time of that intent or
// later; of those with the same time the order is that of their ids.
func (t *Tx) ListIntents(ctx context.Context, f Filter) ([]*intent.Intent, error) {
	var where conditions
	where.add("kind =", f.Kind)
	where.addText("provider =", f.Provider)
	where.addText("status =", string(f.Status))
	if f.MerchantReference != "" {
		where.add("merchant_reference <> '' AND merchant_reference =", f.MerchantReference)
	}

	where.addTime("created_at >=", f.CreatedFrom)
	where.addTime("created_at <", f.CreatedTo)
	if f.Before != "" {
		where.addBefore(f.Before)
	}

	query := where.newestFirst("intents", intentColumns, "created_at DESC, id DESC",
		f.Providers, f.Limit)
	return t.intents(ctx, query, where.args...)
}

// conditions collects the WHERE clause of a list and its arguments.
type conditions struct {
	clauses []string
	args    []any
}

// add adds a clause whose last word is the argument.
func (c *conditions) add(clause string, arg any) {
	c.args = append(c.args, arg)
	c.clauses = append(c.clauses, fmt.Sprintf("%s $%d", clause, len(c.args)))
}

// addText is add for an argument that narrows the list unless it is empty.
func (c *conditions) addText(clause, arg string) {
	if arg != "" {
		c.add(clause, arg)
	}
}

// addTime is add for a time that narrows the list unless it is zero.
func (c *conditions) addTime(clause string, arg time.Time) {
	if !arg.IsZero() {
		c.add(clause, micros(arg))
	}
}

// addBefore leaves out what was not recorded before an intent. The first clause
// says nothing new: it is what an index can begin with.
func (c *conditions) addBefore(id string) {
	c.args = append(c.args, id)
	const recorded = `(SELECT before.created_at FROM intents AS before WHERE before.id = $%[1]d)`
	c.clauses = append(c.clauses,
		fmt.Sprintf("created_at <= "+recorded, len(c.args)),
		fmt.Sprintf("(created_at < "+recorded+" OR id < $%[1]d)", len(c.args)))
}

// newestFirst returns the text of the whole query, for the rows of any of some
// providers if there are any. It adds them and the limit to the arguments. Each
// provider has a page of its own from an index that has them in order.
func (c *conditions) newestFirst(
	table, columns, order string,
	providers []string,
	limit int,
) string {
	if len(providers) == 1 {
		c.add("provider =", providers[0])
	}
	where := strings.Join(c.clauses, " AND ")
	c.args = append(c.args, limit)
	rest := fmt.Sprintf(`ORDER BY %s LIMIT $%d`, order, len(c.args))
	page := fmt.Sprintf(`SELECT %s FROM %s WHERE %s`, columns, table, where)

	if len(providers) < 2 {
		return page + " " + rest
	}

	var pages []string
	for _, provider := range providers {
		c.args = append(c.args, provider)
		pages = append(pages, fmt.Sprintf(
			`SELECT * FROM (%s AND provider = $%d %s) AS page%[2]d`,
			page,
			len(c.args),
			rest,
		))
	}

	return `SELECT * FROM (` + strings.Join(pages, " UNION ALL ") + `) AS pages ` + rest
}
