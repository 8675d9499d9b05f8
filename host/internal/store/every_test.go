package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

// This file calls every method of a transaction, by reflection and by the names
// of its parameters, and knows every statement that the package's text has. So
// a query that is added is looked at without anybody's doing.

// arguments makes arguments for tables with a number of rows.
type arguments struct {
	row int
	// given are those that have the name of a parameter or a field. What is not
	// there gets a value of its type.
	given map[string]any
}

// argumentsFor returns arguments about a row of the small provider in the
// middle of the tables that fill has made.
func argumentsFor(rows int) arguments {
	row := rows / 2 / smallShare * smallShare
	moment := func(at int) time.Time { return time.UnixMicro(int64(at)) }
	return arguments{row, map[string]any{
		"Before":            fmt.Sprint("x_", row),
		"CreatedFrom":       moment(row / 10),
		"CreatedTo":         moment(row),
		"after":             uint64(row),
		"before":            moment(row / 10),
		"eventID":           fmt.Sprint("e", row),
		"identity":          "f",
		"Fingerprint":       "f",
		"IdempotencyKey":    fmt.Sprint("k", row),
		"key":               fmt.Sprint("k", row),
		"Key":               fmt.Sprint("k", row),
		"MerchantReference": fmt.Sprint("order-", row/3),
		"Position":          uint64(row),
		"position":          uint64(row),
		"provider":          "tiny",
		"Provider":          "tiny",
		"providers":         []string{"tiny", "acme"},
		"Providers":         []string{"tiny", "acme"},
		"reference":         fmt.Sprint("r", row),
		"References":        []string{fmt.Sprint("r", row), "new"},
		"types":             []string{"payout.failed", "payment.*"},
	}}
}

// of returns a value of a type for a parameter or a field.
func (a arguments) of(name string, of reflect.Type) reflect.Value {
	if value, ok := a.given[name]; ok && reflect.TypeOf(value).ConvertibleTo(of) {
		return reflect.ValueOf(value).Convert(of)
	}

	switch of {
	case reflect.TypeFor[time.Time]():
		return reflect.ValueOf(time.UnixMicro(int64(a.row)))
	case reflect.TypeFor[payment.Amount]():
		return reflect.ValueOf(payment.Amount{Decimal: decimal.NewFromInt(1)})
	case reflect.TypeFor[json.RawMessage]():
		return reflect.ValueOf(json.RawMessage("{}"))
	case reflect.TypeFor[payment.Kind]():
		return reflect.ValueOf(payment.KindPayment)

	case reflect.TypeFor[payment.Status]():
		return reflect.ValueOf(payment.Unknown)
	case reflect.TypeFor[payment.WebhookState]():
		return reflect.ValueOf(payment.WebhookFailed)
	case reflect.TypeFor[payment.ApprovalKind]():
		return reflect.ValueOf(payment.ApprovalPayout)
	case reflect.TypeFor[payment.ApprovalState]():
		return reflect.ValueOf(payment.ApprovalPending)

	case reflect.TypeFor[payment.AuditOutcome]():
		return reflect.ValueOf(payment.AuditDone)
	case reflect.TypeFor[payment.FindingKind]():
		return reflect.ValueOf(payment.FindingStatus)
	case reflect.TypeFor[payment.FindingState]():
		return reflect.ValueOf(payment.FindingOpen)
	case reflect.TypeFor[payment.ReconciliationState]():
		return reflect.ValueOf(payment.ReconciliationDone)
	case reflect.TypeFor[payment.PauseScope]():
		return reflect.ValueOf(payment.PausePayments)
	}

	value := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.String:
		value.SetString(fmt.Sprint("x_", a.row))
	case reflect.Int, reflect.Int64:
		value.SetInt(50)
	case reflect.Uint64:
		value.SetUint(50)
	case reflect.Pointer:
		value.Set(reflect.New(of.Elem()))
		value.Elem().Set(a.of(name, of.Elem()))

	case reflect.Slice:
		value.Set(reflect.Append(value, a.of("", of.Elem()), a.of("", of.Elem())))
	case reflect.Struct:
		for k := range of.NumField() {
			field := of.Field(k)
			set := field.Type.Kind() != reflect.Pointer ||
				field.Type == reflect.TypeFor[*time.Time]()
			if field.IsExported() && set {
				value.Field(k).Set(a.of(field.Name, field.Type))
			}
		}
	}

	return value
}

// variants returns the values of a parameter that may lead to other statements:
// a filter in every way, and texts and lists also without anything.
func (a arguments) variants(name string, of reflect.Type) []reflect.Value {
	full := a.of(name, of)
	switch {
	case strings.HasSuffix(of.Name(), "Filter"):
		return narrowed(full)
	case of == reflect.TypeFor[*store.Webhook]():
		return a.webhooks()
	case of.Kind() == reflect.String, of.Kind() == reflect.Slice:
		return []reflect.Value{full, reflect.Zero(of)}
	}

	return []reflect.Value{full}
}

// narrowed returns a filter with every choice of its fields. What each list
// names, its kind and how long it is, is always set.
func narrowed(full reflect.Value) (all []reflect.Value) {
	var free []int
	for k := range full.NumField() {
		switch full.Type().Field(k).Name {
		case "Kind", "Limit":
		default:
			free = append(free, k)
		}
	}

	for bits := range 1 << len(free) {
		one := reflect.New(full.Type()).Elem()
		one.Set(full)

		for n, k := range free {
			if bits&(1<<n) != 0 {
				one.Field(k).SetZero()
			}
		}

		all = append(all, one)
	}

	return all
}

// webhooks are those that are saved and marked in different ways.
func (a arguments) webhooks() (all []reflect.Value) {
	for _, state := range []payment.WebhookState{
		payment.WebhookIgnored, payment.WebhookApplied, payment.WebhookFailed,
	} {
		for _, verified := range []bool{false, true} {
			w := a.of("", reflect.TypeFor[store.Webhook]()).Interface().(store.Webhook)
			w.State, w.Verified = state, verified
			w.Request.Body = make([]byte, 2*store.KeptUnverified)
			all = append(all, reflect.ValueOf(&w))
		}
	}

	return all
}

// call is a method of a transaction with its arguments.
type call struct {
	name string
	run  func(context.Context, *store.Tx) error
}

// ofTests are the methods that only tests have.
var ofTests = []string{"Exec", "Show", "NextNumber", "Notes", "Dump", "SetFence", "WhyForeign"}

// everyCall returns calls of every method of a transaction that takes a
// context.
func (a arguments) everyCall(t testing.TB) (calls []call) {
	t.Helper()
	names := parameterNames(t)

	for method := range reflect.TypeFor[*store.Tx]().Methods() {
		takes := method.Type
		if takes.NumIn() < 2 || takes.In(1) != reflect.TypeFor[context.Context]() ||
			slices.Contains(ofTests, method.Name) {
			continue
		}

		params := names[method.Name]
		if len(params) != takes.NumIn()-1 {
			t.Fatalf("the parameters of %s are %v", method.Name, params)
		}

		for _, args := range a.choices(takes, params) {
			calls = append(calls, call{
				name: fmt.Sprintf("%s(%s)", method.Name, shown(args)),
				run: func(ctx context.Context, tx *store.Tx) error {
					in := []reflect.Value{reflect.ValueOf(tx), reflect.ValueOf(ctx)}
					out := method.Func.Call(append(in, args...))
					if len(out) == 0 {
						return nil
					}
					err, _ := out[len(out)-1].Interface().(error)
					return err
				},
			})
		}
	}

	return append(calls, a.furtherCalls()...)
}

// choices returns lists of arguments: each parameter in all its variants, the
// others as they usually are.
func (a arguments) choices(takes reflect.Type, params []string) (all [][]reflect.Value) {
	usual := make([]reflect.Value, 0, len(params))
	for k := 2; k < takes.NumIn(); k++ {
		usual = append(usual, a.of(params[k-1], takes.In(k)))
	}
	if len(usual) == 0 {
		return [][]reflect.Value{nil}
	}

	for k := range usual {
		for n, one := range a.variants(params[k+1], takes.In(k+2)) {
			if k > 0 && n == 0 {
				continue // the first is as usual
			}
			args := slices.Clone(usual)
			args[k] = one
			all = append(all, args)
		}
	}

	return all
}

func shown(args []reflect.Value) string {
	var texts []string
	for _, arg := range args {
		texts = append(texts, fmt.Sprintf("%.60s", fmt.Sprintf("%+v", arg)))
	}
	return strings.Join(texts, ", ")
}

// furtherCalls are those that need another one before them.
func (a arguments) furtherCalls() []call {
	id := fmt.Sprint("x_", a.row)
	begun := func(ctx context.Context, tx *store.Tx) error {
		return tx.SetSetting(ctx, "push_cursor", fmt.Sprint(a.row))
	}

	return []call{
		{"SaveIntent of a locked one", func(ctx context.Context, tx *store.Tx) error {
			i, err := tx.IntentForUpdate(ctx, id)
			if err != nil {
				return err
			}
			i.References = []string{"another"}
			return tx.SaveIntent(ctx, i)
		}},
		{"InsertIntent of a new one", func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertIntent(ctx, example("new"))
		}},
		{"EnqueueDeliveries of some", func(ctx context.Context, tx *store.Tx) error {
			if err := begun(ctx, tx); err != nil {
				return err
			}
			_, err := tx.EnqueueDeliveries(ctx, time.UnixMicro(1), 10)
			return err
		}},
		{"HasNewEvents of some", func(ctx context.Context, tx *store.Tx) error {
			if err := begun(ctx, tx); err != nil {
				return err
			}
			_, err := tx.HasNewEvents(ctx)
			return err
		}},
		{"EraseIntent of one that is over", func(ctx context.Context, tx *store.Tx) error {
			ended := a.row + 2
			id := fmt.Sprint("x_", ended)
			result := fmt.Sprintf(`UPDATE idempotency_keys SET result = '{}' WHERE key = 'k%d'`, ended)
			err := errors.Join(tx.Exec(ctx, result), tx.EraseIntent(ctx, id, time.UnixMicro(1)))
			if err != nil {
				return err
			}
			theirs := fmt.Sprintf(`UPDATE webhooks SET intent_id = '%s' WHERE id = 'w%d'`, id, ended)
			if err := tx.Exec(ctx, theirs); err != nil {
				return err
			}
			before := fmt.Sprint("w", ended-1)
			_, _, _, err = tx.EraseWebhooks(ctx, []string{id}, nil, before, 50)
			_, _, failed := tx.DeleteWebhooksBefore(ctx, time.UnixMicro(1e15), before, 50)
			return errors.Join(err, failed)
		}},
		{"LiftFence of one", func(ctx context.Context, tx *store.Tx) error {
			err := tx.SetFence(ctx, "a copy")
			_, failed := tx.LiftFence(ctx)
			return errors.Join(err, failed)
		}},
		{"WhyForeign of rows", func(ctx context.Context, tx *store.Tx) error {
			for _, position := range []int64{0, 1} {
				if _, err := tx.WhyForeign(ctx, position, "x"); err != nil {
					return err
				}
			}
			return nil
		}},
		{"DeleteEventsBefore of some", func(ctx context.Context, tx *store.Tx) error {
			_, _, _, err := tx.DeleteEventsBefore(ctx, time.UnixMicro(1e15), uint64(a.row), 50)
			return err
		}},
		{"PostponeDamaged of one", func(ctx context.Context, tx *store.Tx) error {
			damage := fmt.Sprintf(
				`UPDATE intents SET refs = 'x' WHERE id = 'x_%d'`,
				smallShare,
			)
			if err := tx.Exec(ctx, damage); err != nil {
				return err
			}
			now := time.UnixMicro(int64(a.row))
			return tx.PostponeDamaged(ctx, "tiny", now, now, 50)
		}},
	}
}

// errUndo ends a call whose writes are not to last.
var errUndo = errors.New("undone by the test")

// callEach runs every call, each in a write that is rolled back.
func callEach(t *testing.T, s *store.Store, a arguments) {
	t.Helper()
	ctx := t.Context()

	for _, one := range a.everyCall(t) {
		var failed error
		err := s.Write(ctx, func(tx *store.Tx) error {
			failed = one.run(ctx, tx)
			return errUndo
		})
		if !errors.Is(err, errUndo) || !allowed(failed) {
			t.Errorf("%s: %v, %v", one.name, failed, err)
		}
	}

	// What no method of a transaction runs.
	id := fmt.Sprint("x_", a.row)
	event := store.ProviderEvent{Provider: "tiny", ID: fmt.Sprint("e", a.row), IntentID: id}
	_, unverified := s.VerifyAudit(ctx)
	err := errors.Join(
		s.Moves(ctx),
		s.SetClock(ctx),
		s.Prefetched(ctx, id, event),
		unverified,
	)

	for rows := range 3 {
		err = errors.Join(err, s.Write(ctx, func(tx *store.Tx) error {
			for range rows {
				tx.Audit(ctx, payment.AuditEntry{Action: "payments.create"})
			}
			return nil
		}))
	}

	if err != nil {
		t.Error(err)
	}
}

// allowed reports whether a call may end so: its arguments are only likely to
// be of use, and its statements were looked at before they ran.
func allowed(err error) bool {
	return err == nil || errors.Is(err, store.ErrNotFound) ||
		errors.Is(err, store.ErrExists) ||
		errors.Is(err, store.ErrConflict) ||
		strings.Contains(err.Error(), "push_cursor") || // pushing has not begun
		strings.Contains(err.Error(), "FOREIGN KEY") // an attempt of nothing
}

// sources are the files of the package, without its tests.
func sources(t testing.TB) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}

	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}

		files[name] = file
	}

	return files
}

// parameterNames returns the names of the parameters of each method.
func parameterNames(t testing.TB) map[string][]string {
	t.Helper()
	names := map[string][]string{}

	for _, file := range sources(t) {
		for _, declared := range file.Decls {
			method, ok := declared.(*ast.FuncDecl)
			if !ok || method.Recv == nil || method.Recv.List[0].Names == nil ||
				method.Recv.List[0].Names[0].Name != "t" {
				continue
			}

			var params []string
			for _, field := range method.Type.Params.List {
				for _, name := range field.Names {
					params = append(params, name.Name)
				}
			}

			names[method.Name.Name] = params
		}
	}

	return names
}

var (
	spaces    = regexp.MustCompile(`\s+`)
	statement = regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)
	ofATable  = regexp.MustCompile(`\b(FROM|INTO|UPDATE)\b`)
	verbs     = regexp.MustCompile(`%(\[\d\])?[a-z]|VALUES_OF_ROWS|\x00`)
)

// statementsInText returns the statements that the package's text has, each as
// an expression that matches it with whatever its variable parts are.
func statementsInText(t testing.TB) map[string]*regexp.Regexp {
	t.Helper()
	found := map[string]*regexp.Regexp{}

	for name, file := range sources(t) {
		// These read all rows on purpose: to find those that keep a migration
		// from being made, and to copy them.
		// backup.go reads a copy from end to end. upgrade.go runs before the tables are those of this version.
		if name == "broken.go" || name == "copy.go" || name == "upgrade.go" || name == "backup.go" {
			continue
		}

		ast.Inspect(file, func(node ast.Node) bool {
			expression, ok := node.(ast.Expr)
			if !ok {
				return true
			}
			text, ok := concatenated(expression)
			text = strings.TrimSpace(spaces.ReplaceAllString(text, " "))
			if !ok || !statement.MatchString(text) || !ofATable.MatchString(text) {
				return !ok
			}

			var parts []string
			for _, fixed := range verbs.Split(text, -1) {
				parts = append(parts, regexp.QuoteMeta(fixed))
			}
			shown := strings.ReplaceAll(text, "\x00", "…")
			found[shown] = regexp.MustCompile(strings.Join(parts, ".*"))

			return false
		})
	}

	return found
}

// concatenated returns the text of a literal or of a sum that has one, with
// "\x00" for what is not literal.
func concatenated(expression ast.Expr) (text string, literal bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "\x00", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "\x00", false
		}
		left, inLeft := concatenated(e.X)
		right, inRight := concatenated(e.Y)
		return left + right, inLeft || inRight
	}

	return "\x00", false
}

// neverRun returns the statements of the text that are not among those that
// were run.
func neverRun(t testing.TB, ran map[string]bool) (missing []string) {
	t.Helper()
	queries := slices.Collect(maps.Keys(ran))
	for k, query := range queries {
		queries[k] = spaces.ReplaceAllString(query, " ")
	}

	for text, pattern := range statementsInText(t) {
		if !slices.ContainsFunc(queries, pattern.MatchString) {
			missing = append(missing, text)
		}
	}

	return missing
}
