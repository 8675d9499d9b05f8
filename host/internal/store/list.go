package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

// This file builds the queries of lists, whose clauses depend on their filters.

// Filter narrows a list of intents. Zero values do not narrow.
type Filter struct {
	Kind              payment.Kind
	Provider          string
	Providers         []string // one of them
	Status            payment.Status
	Statuses          []payment.Status // one of them; Status then does not count
	MerchantReference string
	ProviderReference string
	IdempotencyKey    string // of the request that created it, or of one about it
	Amount            decimal.Decimal
	Currency          string
	Customer          string // an ID, an e-mail or a phone
	CreatedFrom       time.Time
	CreatedTo         time.Time
	Before            string // an id: only older ones
	Limit             int
}

// ListIntents reads those first that were recorded last, by the database's
// clock. Before leaves out what was recorded at the time of that intent or
// later; of those with the same time the order is that of their ids.
func (t *Tx) ListIntents(ctx context.Context, f Filter) ([]*intent.Intent, error) {
	ids, narrowed, err := t.idsOf(ctx, f)
	if (err != nil) || (narrowed && (len(ids) == 0)) {
		return nil, err
	}
	if len(f.Statuses) == 0 {
		return t.listIntents(ctx, f, ids)
	}

	// Each status is read by its index: a list of several at once would be sorted.
	var all []*intent.Intent
	for _, status := range f.Statuses {
		one := f
		one.Status = status
		list, err := t.listIntents(ctx, one, ids)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}

	slices.SortFunc(all, func(a, b *intent.Intent) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID, a.ID))
	})
	return all[:min(len(all), f.Limit)], nil
}

// maxNamed bounds how many intents a reference of a provider's or a key is
// looked for in. Both are names of few.
const maxNamed = 1000

// idsOf returns the intents that a reference and a key name, which are few.
// narrowed is false when f has neither, or does not narrow by them.
func (t *Tx) idsOf(ctx context.Context, f Filter) (ids []string, narrowed bool, err error) {
	if f.ProviderReference != "" {
		ids, err = t.texts(ctx, `SELECT intent_id FROM provider_references
			WHERE reference = $1 LIMIT $2`, f.ProviderReference, maxNamed)
		if (err != nil) || (f.IdempotencyKey == "") {
			return ids, true, err
		}
	}
	if f.IdempotencyKey == "" {
		return nil, false, nil
	}

	key, err := t.Key(ctx, f.IdempotencyKey)
	if errors.Is(err, ErrNotFound) {
		return nil, true, nil
	}
	if err != nil {
		return nil, true, err
	}
	both := (f.ProviderReference == "") || slices.Contains(ids, key.IntentID)
	if !both {
		return nil, true, nil
	}
	return []string{key.IntentID}, true, nil
}

// listIntents is ListIntents for one status at most, among ids unless there are
// none.
func (t *Tx) listIntents(ctx context.Context, f Filter, ids []string) ([]*intent.Intent, error) {
	var where conditions
	where.add("kind =", f.Kind)
	where.addAny("id", ids)
	where.addText("provider =", f.Provider)
	where.addText("status =", string(f.Status))
<<<<<<< HEAD
	where.addText("merchant_reference =", f.MerchantReference)
	where.addText("currency =", f.Currency)
	if f.Amount.IsPositive() {
		where.addAny("amount", spellings(f.Amount))
	}
	where.addCustomer(t.engine.name, f)
=======
	if f.MerchantReference != "" {
		where.add("merchant_reference <> '' AND merchant_reference =", f.MerchantReference)
	}

>>>>>>> main
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

<<<<<<< HEAD
// addAny adds a clause by which a column has one of several texts, unless there
// are none.
func (c *conditions) addAny(column string, texts []string) {
	if len(texts) == 0 {
		return
	}
	first := len(c.args) + 1
	for _, text := range texts {
		c.args = append(c.args, text)
	}
	c.clauses = append(c.clauses, column+" IN ("+placeholders(first, len(texts))+")")
}

// maxPlaces is up to how many decimals an amount is searched for with zeros at
// its end.
const maxPlaces = 24

// spellings returns the texts by which an amount may be stored: an amount keeps
// the zeros at its end that it came with. Comparing numbers in SQL would make
// floats of them.
func spellings(amount decimal.Decimal) (texts []string) {
	var places int32
	for !amount.Equal(amount.Truncate(places)) {
		places++
	}

	texts = append(texts, amount.StringFixed(places))
	for places++; places <= maxPlaces; places++ {
		texts = append(texts, amount.StringFixed(places))
	}
	return texts
}

// addCustomer adds a clause by which the stored request names somebody, unless f
// names nobody.
func (c *conditions) addCustomer(engine string, f Filter) {
	if f.Customer == "" {
		return
	}
	who := "customer"
	if f.Kind == payment.KindPayout {
		who = "recipient"
	}
	field := "request ->> '$." + who + ".%s'"
	if engine == "postgres" {
		field = "request::json #>> '{" + who + ",%s}'"
	}

	var fields []string
	for _, name := range []string{"id", "email", "phone"} {
		fields = append(fields, fmt.Sprintf(field, name))
	}
	c.args = append(c.args, f.Customer)
	c.clauses = append(c.clauses,
		fmt.Sprintf("$%d IN (%s)", len(c.args), strings.Join(fields, ", ")))
}

=======
>>>>>>> main
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
