package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
)

// planRows is how many rows the large tables have: so many that a database
// never finds reading all of them cheaper.
const planRows = 100_000

// smallShare is how many rows there are to one of the provider "tiny".
const smallShare = 400

// few is how many rows may be sorted, or read and left out.
const few = 1000

// fill makes large tables: payments, payouts and refunds of three providers, of
// which one is small, most of them over and some due.
func fill(t testing.TB, s *store.Store, url string, rows int) {
	t.Helper()
	const chunk = 100_000 // which a statement inserts in the time that it has
	for from := 1; from <= rows; from += chunk {
		fillFrom(t, s, url, from, min(from+chunk-1, rows))
	}
}

func fillFrom(t testing.TB, s *store.Store, url string, first, last int) {
	t.Helper()
	numbers := fmt.Sprintf(`WITH RECURSIVE n(i) AS
		(SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)`, first, last)
	blob := "x''"
	if strings.HasPrefix(url, "postgres") {
		blob = "''::bytea"
	}

	pick := func(words ...string) string {
		var cases strings.Builder
		for k, word := range words {
			fmt.Fprintf(&cases, " WHEN %d THEN '%s'", k, word)
		}
		return fmt.Sprintf("CASE i %% %d%s END", len(words), cases.String())
	}

	provider := fmt.Sprintf(`CASE WHEN i %% %d = 0 THEN 'tiny' WHEN i %% 2 = 0 THEN 'acme'
		ELSE 'other' END`, smallShare)

	status := `CASE WHEN i % 200 = 0 THEN 'unknown' WHEN i % 100 = 1 THEN 'created'
		ELSE 'succeeded' END`

	for _, statement := range []string{
		`INSERT INTO intents (id, kind, provider, parent_id, amount, currency, merchant_reference,
			method, request, idempotency_key, created_at, expires_at, sequence, status, review_reason,
			fingerprint, provider_reference, refs, provider_status, paid_amount, paid_currency,
			next_action, failure, state, succeeded_at, updated_at, check_at, checks, events, version)
			` + numbers + ` SELECT 'x_' || i, ` + pick("payment", "payment", "payout", "refund") + `,
			` + provider + `, CASE WHEN i % 4 = 3 THEN 'x_' || (i - 2) ELSE '' END, '1', 'USD',
			CASE WHEN i % 5 = 0 THEN '' ELSE 'order-' || (i / 3) END, '', '{}', 'k' || i,
			i, 0, i, ` + status + `, '', 'f', 'r' || i, '[]', '', '', '', '', '', ` + blob + `, i, i,
			CASE WHEN i % 20 = 0 THEN i ELSE 0 END, 0, 0, 1 FROM n`,
		`INSERT INTO provider_references (provider, reference, intent_id) ` + numbers + `
			SELECT ` + provider + `, 'r' || i, 'x_' || i FROM n`,
		`INSERT INTO attempts (intent_id, number, verb, started_at, deadline, duration_ms,
			plugin_version, fingerprint, host, outcome, code, provider_code, message, exchanges)
			` + numbers + ` SELECT 'x_' || i, 1, 'create_payment', i, i, 1, '1', 'f', 'host',
			CASE WHEN i % 10000 = 7 THEN '' WHEN i % 200 = 0 THEN 'unknown' ELSE 'ok' END,
			'', '', '', '' FROM n`,
		`INSERT INTO history (intent_id, position, at, actor, action, from_status, to_status, note)
			` + numbers + ` SELECT 'x_' || i, 1, i, 'host', 'create_payment', '', 'created', '' FROM n`,
		`INSERT INTO idempotency_keys (key, request_hash, intent_id, action, result, host, deadline,
			created_at) ` + numbers + ` SELECT 'k' || i, 'h', 'x_' || i, 'create_payment', '', '', 0, i
			FROM n`,
		`INSERT INTO receipts (intent_id, receipt_id, amount, currency, identity) ` + numbers + `
			SELECT 'x_' || i, 'T' || i, '1', 'USD', 'f' FROM n`,
		`INSERT INTO events (position, type, kind, intent_id, parent_id, sequence, created_at, data,
			provider) ` + numbers + ` SELECT i, CASE WHEN i % 10000 = 0 THEN 'payout.failed' ELSE ` +
			pick("payment.created", "payment.succeeded", "payout.created") + ` END,
			'payment', 'x_' || i, '', 1, i, '{}', ` + provider + ` FROM n`,
		`INSERT INTO webhooks (id, provider, purpose, scope, intent_id, received_at, remote_address,
			method, query, headers, body, state, verified, events, intent_ids, error, tries,
			next_try_at, content, repeats) ` + numbers + ` SELECT 'w' || i, ` + provider + `, 'webhook',
			'', '', i, '', 'POST', '', '{}', ` + blob + `, CASE WHEN i % 500 = 0 THEN 'failed'
			WHEN i % 500 = 1 THEN 'pending' ELSE 'applied' END, CASE WHEN i % 5 = 0 THEN 0 ELSE 1 END,
			1, '[]', '', 0, CASE WHEN i % 500 = 1 THEN i ELSE 0 END, 'c' || i,
			CASE WHEN i % 100 = 0 THEN 1 ELSE 0 END FROM n`,
		`INSERT INTO applied_notices (provider, event_id, webhook_id, applied_at) ` + numbers + `
			SELECT ` + provider + `, 'e' || i, 'w' || i, i FROM n`,
		`INSERT INTO audit (position, at, actor, request_id, action, provider, subject, outcome,
			note, hash) ` + numbers + ` SELECT i, i, CASE WHEN i % 1000 = 0 THEN 'x_' || (i / 1000)
			ELSE 'shop' END, '', 'payments.create', ` + provider + `, 'x_' || i, 'done', '', ''
			FROM n`,
		`INSERT INTO approvals (id, kind, intent_id, provider, amount, currency, why, resolution,
			seen_status, seen_attempts, asked_by, asked_at, state, decided_by, decided_at, reason)
			` + numbers + ` SELECT 'ap_' || i, 'payout', 'x_' || i, ` + provider + `, '1', 'USD', '',
			'', '', 0, 'shop', i, CASE WHEN i % 500 = 0 THEN 'pending' ELSE 'approved' END,
			CASE WHEN i % 500 = 0 THEN '' ELSE 'ops' END, i, '' FROM n`,
		`INSERT INTO reconciliations (id, provider, from_at, to_at, state, started_at, ended_at, asked_by,
			error, compared, orphans) ` + numbers + ` SELECT 'x_' || i,
			CASE WHEN i % 20000 = 3 THEN 'z' ELSE ` + provider + ` END, i, i,
			CASE WHEN i % 20000 = 3 THEN 'running' ELSE 'done' END, i, i, 'ops', '', 0, 1 FROM n`,
		`INSERT INTO findings (id, reconciliation_id, provider, kind, subject, intent_id, reference,
			provider_reference, ours, theirs, found_at, state, ended_by, note) ` + numbers + `
			SELECT 'x_' || i, 'x_' || (i / 10), ` + provider + `, 'status', 'payment', 'x_' || i, '', '',
			'', '', i, CASE WHEN i % 500 = 0 THEN 'open' ELSE 'settled' END, '', '' FROM n`,
		`INSERT INTO deliveries (position, subject, state, created_at, tries, next_at, tried_at,
			status, error) ` + numbers + ` SELECT i, 'x_' || i, CASE WHEN i % 3 = 0 THEN 'dead'
			ELSE 'pending' END, i, 0, i, 0, 0, '' FROM n`,
		fmt.Sprintf(`UPDATE audit_head SET position = %d`, last),
		fmt.Sprintf(`INSERT INTO counters (name, value) VALUES ('events', %d)
			ON CONFLICT (name) DO UPDATE SET value = %[1]d`, last),
	} {
		s.OnWriter(t, statement)
	}
}

// No statement of the store reads a large table from end to end, or sorts it.
func TestEveryStatementIsAnsweredByIndexes(t *testing.T) {
	ran := map[string]bool{}
	whole := true
	onBoth(t, func(t *testing.T, url string) {
		whole = false // until this engine has run everything
		s, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}

		fill(t, s, url, planRows)

		// SQLite plans by what it has found out about its tables or, in a file
		// that was never closed, without. PostgreSQL finds out by itself.
		if strings.HasPrefix(url, "sqlite") {
			readPlans(t, s, ran)
		}

		s.OnWriter(t, "ANALYZE")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		readPlans(t, open(t, url), ran)
		whole = true
	})

	if !whole {
		return
	}

	for _, statement := range neverRun(t, ran) {
		t.Errorf(
			"no call of everyCall leads to this statement, so that its plan is unknown:\n%s",
			statement,
		)
	}
}

// What a read takes at a million rows is shown beside what it takes at a
// thousand.
func BenchmarkReadsOfManyRows(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			few := timeReads(b, engine, 1000)
			for name, many := range timeReads(b, engine, 1_000_000) {
				fmt.Printf("%-9s %8.3f ms %8.3f ms, p99 %8.3f ms, x%5.1f  %s\n",
					engine, ms(few[name].median), ms(many.median), ms(many.p99),
					float64(many.median)/float64(few[name].median), name)
			}
		})
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// taken are the times of a read.
type taken struct{ median, p99 time.Duration }

// timeReads makes tables of so many rows, and returns the times of each call
// that only reads.
func timeReads(b *testing.B, engine string, rows int) map[string]taken {
	b.Helper()
	url := "sqlite:" + filepath.Join(b.TempDir(), "payhost.db")
	if engine == "postgres" {
		url = storetest.Postgres(b)
	}

	filling, err := store.Open(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	fill(b, filling, url, rows)
	filling.OnWriter(b, "ANALYZE")
	if err := filling.Close(); err != nil {
		b.Fatal(err)
	}

	s, err := store.Open(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()

	times := map[string]taken{}
	for k, call := range argumentsFor(rows).everyCall(b) {
		read := func() error {
			return s.Read(
				b.Context(),
				func(tx *store.Tx) error { return call.run(b.Context(), tx) },
			)
		}
		first, second := read(), read() // the second has its statements prepared
		if !allowed(first) || !allowed(second) {
			continue // it writes
		}

		var each []time.Duration
		for range 100 {
			begin := time.Now()
			if err := read(); !allowed(err) {
				b.Fatal(err)
			}
			each = append(each, time.Since(begin))
		}

		slices.Sort(each)

		// The arguments differ with the number of rows: calls have numbers.
		name := fmt.Sprintf("%d %s", k, call.name)
		name, _, _ = strings.Cut(name, "(")
		times[name] = taken{each[50], each[98]}
	}

	return times
}

// readPlans looks at the plan of every statement.
func readPlans(t *testing.T, s *store.Store, ran map[string]bool) {
	t.Helper()
	wrong := map[string]bool{}
	s.Explain(t, func(query, plan string) {
		ran[query] = true
		if problem := wrongPlan(query, plan); problem != "" && !wrong[query] {
			wrong[query] = true
			t.Errorf("%s:\n%s\n%s", problem, query, plan)
		}
	})

	callEach(t, s, argumentsFor(planRows))
}

var (
	// Whatever SQLite scans is small, or a list of pages from indexes.
	sqliteScan = regexp.MustCompile(`(?m)^SCAN (\w+)`)
	small      = regexp.MustCompile(
		`^(hosts|counters|settings|pauses|fence|audit_head|moved|pages|page\d+|CONSTANT)$`,
	)
	sqliteSort = regexp.MustCompile(`USE TEMP B-TREE FOR (LAST TERM OF )?ORDER BY`)
	// These sort what belongs to one reference or one transfer, or pages.
	sortsFew = regexp.MustCompile(`provider_references|FROM receipts|AS pages`)

	// This reads as much as it counts.
	counts = "SELECT COUNT(*) FROM deliveries WHERE state = $1"

	// PostgreSQL reads tables of few pages whole, and rightly so.
	postgresScan = regexp.MustCompile(`Seq Scan on (\w+)`)
	// How many rows a step has had, or is expected to have where it was not
	// run.
	postgresSort = regexp.MustCompile(
		`\bSort +\(cost=\S+ rows=(\d+) width=\d+\)(?: \(actual rows=(\d+))?`,
	)
	postgresRemoved = regexp.MustCompile(`Rows Removed by Filter: (\d+)`)
)

// wrongPlan says what is wrong with a plan; "" is nothing.
func wrongPlan(query, plan string) string {
	if query == counts {
		return ""
	}

	for _, pattern := range []*regexp.Regexp{sqliteScan, postgresScan} {
		for _, scanned := range pattern.FindAllStringSubmatch(plan, -1) {
			if !small.MatchString(scanned[1]) {
				return "reads all of " + scanned[1]
			}
		}
	}

	if sqliteSort.MatchString(plan) && !sortsFew.MatchString(query) {
		return "sorts"
	}

	for _, sorted := range postgresSort.FindAllStringSubmatch(plan, -1) {
		rows := sorted[1]
		if sorted[2] != "" {
			rows = sorted[2]
		}
		if many(rows) {
			return "sorts many rows"
		}
	}

	for _, removed := range postgresRemoved.FindAllStringSubmatch(plan, -1) {
		if many(removed[1]) {
			return "reads many rows to leave them out"
		}
	}

	return ""
}

func many(rows string) bool {
	count, err := strconv.Atoi(rows)
	return err != nil || count > few
}

// The statuses that a query names as open are those that are not final.
func TestOpenStatusesAreThoseThatAreNotFinal(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		want := 0

		for _, kind := range []payment.Kind{payment.KindPayment, payment.KindPayout, payment.KindRefund} {
			for k, status := range intent.Statuses(kind) {
				if !status.Final() {
					want++
				}
				s.OnWriter(
					t,
					fmt.Sprintf(`INSERT INTO intents (id, kind, provider, parent_id, amount,
					currency, merchant_reference, method, request, idempotency_key, created_at, expires_at,
					sequence, status, review_reason, fingerprint, provider_reference, refs, provider_status,
					paid_amount, paid_currency, next_action, failure, succeeded_at, updated_at, check_at,
					checks, events, version) VALUES ('%s_%d', '%s', 'acme', '', '1', 'USD', '', '', '{}', '',
					1, 0, 0, '%s', '', 'f', '', '[]', '', '', '', '', '', 0, 1, 0, 0, 0, 1)`,
						kind, k, kind, status),
				)
			}
		}

		err := s.Read(t.Context(), func(tx *store.Tx) error {
			got, err := tx.OpenIntents(t.Context(), "acme")
			if got != want {
				t.Errorf("%d are open, want %d", got, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A list of several providers has what the lists of each have, in one order.
func TestListsOfSeveralProviders(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		for n, provider := range []string{"a", "b", "c", "a", "b", "c"} {
			update(t, s, func(tx *store.Tx) error {
				i := like(fmt.Sprintf("pay_%d", n), func(i *intent.Intent) {
					i.Provider = provider
					i.CreatedAt = time.UnixMicro(int64(n + 1))
				})

				e := payment.Event{Type: "payment.created", Data: []byte("{}")}
				w := store.Webhook{
					ID:       fmt.Sprintf("wh_%d", n),
					Provider: provider,
					State:    payment.WebhookFailed,
				}

				return errors.Join(tx.InsertIntent(ctx, i), tx.InsertWebhook(ctx, &w),
					tx.AppendEvent(ctx, payment.KindPayment, i.ID, "", &e))
			})
		}

		for _, c := range []struct {
			providers []string
			limit     int
			newest    string
			first     string
		}{
			{nil, 3, "543", "012"},
			{[]string{"a"}, 3, "30", "03"},
			{[]string{"a", "c"}, 3, "532", "023"},
			{[]string{"b", "a", "none"}, 9, "4310", "0134"},
			{[]string{"none"}, 9, "", ""},
		} {
			view(t, s, func(tx *store.Tx) error {
				var intents, hooks, events strings.Builder
				filter := store.Filter{
					Kind:      payment.KindPayment,
					Providers: c.providers,
					Limit:     c.limit,
				}
				found, err := tx.ListIntents(ctx, filter)
				for _, i := range found {
					intents.WriteString(strings.TrimPrefix(i.ID, "pay_"))
				}

				received, err2 := tx.ListWebhooks(ctx,
					store.WebhookFilter{Providers: c.providers, Limit: c.limit})
				for _, w := range received {
					hooks.WriteString(strings.TrimPrefix(w.ID, "wh_"))
				}

				told, err3 := tx.EventsOf(ctx, 0, nil, c.providers, c.limit)
				for _, e := range told {
					events.WriteString(strings.TrimPrefix(e.PaymentID, "pay_"))
				}

				if intents.String() != c.newest || hooks.String() != c.newest ||
					events.String() != c.first {
					t.Errorf("%v: intents %s, webhooks %s, events %s", c.providers,
						intents.String(), hooks.String(), events.String())
				}

				return errors.Join(err, err2, err3)
			})
		}
	})
}
