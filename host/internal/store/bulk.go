package store

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// This file writes the rows of many callers with one statement a table. A
// server spends more on each statement than on the row in it.

// bulk says how the rows of one kind are written: one by itself, and several
// together on PostgreSQL.
type bulk struct {
	// subject is the argument that names what a row is about, such as an
	// intent. Rows of other subjects may be written in any order.
	subject int
	// single returns the statements of one row, many those of several.
	single func(args []any) []statement
	many   func(rows [][]any) []statement
	// after are the kinds whose rows about the same subject must not be in the
	// same round of merging: the order between them counts.
	after []*bulk
}

// The kinds of rows, by what they are about.
var (
	keyRows       = rowsOf(insertKey, insertKeys, "tttttt ii")
	intentRows    = &bulk{single: numberedIntent, many: numberedIntents}
	finishRows    = rowsOf(finishAttempt, finishAttempts, "ti itttt t")
	attemptRows   = rowsOf(insertAttempt, insertAttempts, "tittt ii ttt")
	saveRows      = rowsOf(saveIntent, saveIntents, "ti "+mutableTypes)
	referenceRows = rowsOf(insertReference, insertReferences, "ttt")
	historyRows   = &bulk{single: historyLine, many: historyLines}
	eventRows     = &bulk{single: streamEvent, many: streamEvents, subject: eventSubject}
)

// written are all kinds in the order in which a round writes them: an intent
// before what refers to it, and the end of an attempt before the next one.
var written = []*bulk{
	keyRows, intentRows, finishRows, attemptRows, saveRows, referenceRows, historyRows, eventRows,
}

func init() {
	finishRows.after = []*bulk{finishRows, attemptRows}
	attemptRows.after = []*bulk{attemptRows}
	saveRows.after = []*bulk{saveRows}
}

// rowsOf returns a kind whose rows are the arguments of a statement. many has
// $1, $2, … for a list of values each, of these types.
func rowsOf(single, many, types string) *bulk {
	many = strings.ReplaceAll(many, "VALUES_OF_ROWS", valuesOfRows(types))
	return &bulk{
		single: func(args []any) []statement {
			return []statement{{query: single, args: args}}
		},
		many: func(rows [][]any) []statement {
			return []statement{{query: many, args: columnsOf(rows, types)}}
		},
	}
}

// sqlTypes are the types of columns: text, whole numbers and bytes.
var sqlTypes = map[rune]string{'t': "text", 'i': "bigint", 'b': "bytea"}

// valuesOfRows returns a table v of rows whose columns c1, c2, … are the
// arguments $1, $2, … A space in types has no meaning.
func valuesOfRows(types string) string {
	types = strings.ReplaceAll(types, " ", "")
	var lists, names []string

	for k, kind := range types {
		lists = append(lists, fmt.Sprintf("$%d::%s[]", k+1, sqlTypes[kind]))
		names = append(names, fmt.Sprintf("c%d", k+1))
	}

	return "unnest(" + strings.Join(
		lists,
		", ",
	) + ") AS v(" + strings.Join(
		names,
		", ",
	) + ")"
}

// valueColumns returns "v.cFIRST, …" for columns of valuesOfRows.
func valueColumns(first, last int) string {
	var names []string
	for k := first; k <= last; k++ {
		names = append(names, fmt.Sprintf("v.c%d", k))
	}
	return strings.Join(names, ", ")
}

// columnsOf turns rows into one list of values for each column.
func columnsOf(rows [][]any, types string) []any {
	types = strings.ReplaceAll(types, " ", "")
	columns := make([]any, 0, len(types))

	for k, kind := range types {
		switch kind {
		case 't':
			columns = append(columns, column(rows, k, reflect.Value.String))
		case 'i':
			columns = append(columns, column(rows, k, reflect.Value.Int))
		default:
			columns = append(columns, column(rows, k, reflect.Value.Bytes))
		}
	}

	return columns
}

func column[T any](rows [][]any, k int, read func(reflect.Value) T) []T {
	values := make([]T, len(rows))
	for n, row := range rows {
		values[n] = read(reflect.ValueOf(row[k]))
	}
	return values
}

// merged makes one statement of the rows of a kind, among statements in the
// order in which they were queued. Any other statement keeps its place between
// the rows before it and those after it.
func merged(queued []statement) []statement {
	var out []statement
	round := newMerge()

	for _, s := range queued {
		if s.row == nil {
			out = append(out, round.statements()...)
			out = append(out, s)
			round = newMerge()

			continue
		}

		if round.precedes(s) {
			out = append(out, round.statements()...)
			round = newMerge()
		}

		round.add(s)
	}

	return append(out, round.statements()...)
}

// merge are rows of which the order does not count, except that of kinds.
type merge struct {
	rows map[*bulk][]statement
	seen map[*bulk]map[any]bool // the subjects of the rows
}

func newMerge() *merge {
	return &merge{rows: map[*bulk][]statement{}, seen: map[*bulk]map[any]bool{}}
}

// precedes reports whether a row must be written after one of the merge.
func (m *merge) precedes(s statement) bool {
	return slices.ContainsFunc(s.row.after, func(earlier *bulk) bool {
		return m.seen[earlier][s.args[s.row.subject]]
	})
}

func (m *merge) add(s statement) {
	m.rows[s.row] = append(m.rows[s.row], s)
	if m.seen[s.row] == nil {
		m.seen[s.row] = map[any]bool{}
	}
	m.seen[s.row][s.args[s.row.subject]] = true
}

// statements returns the statements that write the rows.
func (m *merge) statements() (out []statement) {
	for _, kind := range written {
		queued := m.rows[kind]
		if len(queued) == 0 {
			continue
		}
		rows := make([][]any, len(queued))
		parts := make([]*part, len(queued))

		for k, s := range queued {
			rows[k] = s.args
			parts[k] = s.part
		}

		made := kind.many
		if len(rows) == 1 {
			made = func(rows [][]any) []statement { return kind.single(rows[0]) }
		}

		for _, s := range made(rows) {
			s.part = parts[0]
			s.also = parts[1:]
			out = append(out, s)
		}
	}

	return out
}

// textOf returns an argument that is a text.
func textOf(row []any, k int) string { return reflect.ValueOf(row[k]).String() }

// ordinals numbers rows by what they are about, from 1 on, and counts them.
func ordinals(rows [][]any, subject int) (numbers []int64, counts map[string]int64) {
	counts = map[string]int64{}
	for _, row := range rows {
		about := textOf(row, subject)
		counts[about]++
		numbers = append(numbers, counts[about])
	}
	return numbers, counts
}
