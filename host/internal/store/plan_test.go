package store_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// planRows is how many rows the large tables have: so many that a database never
// finds reading all of them cheaper.
const planRows = 40_000

// few is how many rows may be sorted, or read and left out.
const few = 1000

// fillPlans makes large tables: payments, payouts and refunds of three providers,
// of which one is small, most of them over and some due.
func fillPlans(t *testing.T, s *store.Store, url string) {
	t.Helper()
	numbers := fmt.Sprintf(`WITH RECURSIVE n(i) AS
		(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)`, planRows)
	text, blob := "CAST(i AS TEXT)", "x''"
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
	provider := `CASE WHEN i % 400 = 0 THEN 'tiny' WHEN i % 2 = 0 THEN 'acme' ELSE 'other' END`
	status := `CASE WHEN i % 200 = 0 THEN 'unknown' WHEN i % 100 = 1 THEN 'created' ELSE 'succeeded' END`

	statements := []string{
		`INSERT INTO intents (id, kind, provider, parent_id, amount, currency, merchant_reference,
			method, request, idempotency_key, created_at, expires_at, sequence, status, review_reason,
			fingerprint, provider_reference, refs, provider_status, paid_amount, paid_currency,
			next_action, failure, state, succeeded_at, updated_at, check_at, checks, events, version,
			rules) ` + numbers + ` SELECT 'x_' || ` + text + `, ` + pick("payment", "payment", "payout", "refund") + `,
			` + provider + `, 'p' || (i / 4), '1', 'USD', 'order-' || (i / 3), '', '{}', 'k' || i,
			i, 0, 0, ` + status + `, '', 'f', 'r' || i, '[]', '', '', '', '', '', ` + blob + `, 0, i,
			CASE WHEN i % 20 = 0 THEN i ELSE 0 END, 0, 0, 1, 1 FROM n`,
		`INSERT INTO events (position, type, kind, intent_id, parent_id, sequence, created_at, data)
			` + numbers + ` SELECT i, CASE WHEN i % 10000 = 0 THEN 'payout.failed' ELSE ` +
			pick("payment.created", "payment.succeeded", "payout.created") + ` END,
			'payment', 'x_' || ` + text + `, '', 1, i, '{}' FROM n`,
		`INSERT INTO webhooks (id, provider, purpose, scope, intent_id, received_at, remote_address,
			method, query, headers, body, state, verified, events, intent_ids, error, tries, next_try_at)
			` + numbers + ` SELECT 'w' || ` + text + `, ` + provider + `, 'webhook', '', '', i, '', 'POST', '',
			'{}', ` + blob + `, CASE WHEN i % 500 = 0 THEN 'failed' ELSE 'applied' END, 1, 1, '[]', '', 0, 0 FROM n`,
		`ANALYZE`,
	}
	for _, statement := range statements {
		s.OnWriter(t, statement)
	}
}

// everyRead calls what reads lists and counts, with every way to narrow them.
func everyRead(ctx context.Context, tx *store.Tx) error {
	now := time.UnixMicro(planRows / 2)
	var errs []error
	note := func(err error) { errs = append(errs, err) }

	for bits := range 1 << 6 {
		on := func(bit int) bool { return bits&(1<<bit) != 0 }
		f := store.Filter{Kind: payment.KindPayment, Limit: 50}
		if on(0) {
			f.Provider = "tiny"
		}
		if on(1) {
			f.Status = payment.Unknown
		}
		if on(2) {
			f.MerchantReference = "order-9"
		}
		if on(3) {
			f.CreatedFrom = time.UnixMicro(100)
		}
		if on(4) {
			f.CreatedTo = time.UnixMicro(20_000)
		}
		if on(5) {
			f.Before = "x_20000"
		}
		_, err := tx.ListIntents(ctx, f)
		note(err)
	}

	for _, types := range [][]string{nil, {"payout.failed"}, {"payout.*"}, {"payment.*", "none"}} {
		_, err := tx.Events(ctx, 30_000, types, 50)
		note(err)
	}
	for _, f := range []store.WebhookFilter{
		{}, {Provider: "tiny"}, {State: payment.WebhookFailed},
		{Provider: "tiny", State: payment.WebhookFailed, Before: "w3"},
	} {
		f.Limit = 50
		_, err := tx.ListWebhooks(ctx, f)
		note(err)
	}

	// What recovery and reloads read.
	_, err := tx.DueProviders(ctx, now)
	note(err)
	_, err = tx.DueFirst(ctx, "tiny", now, 50)
	note(err)
	_, err = tx.OpenIdentities(ctx, "acme")
	note(err)
	_, err = tx.OpenIntents(ctx, "acme")
	note(err)
	_, err = tx.LostAttempts(ctx, now, now, 50)
	note(err)
	_, err = tx.WebhookProviders(ctx, now)
	note(err)

	// What caps add up.
	_, err = tx.RecentPayouts(ctx, "acme", "USD", now)
	note(err)
	_, err = tx.DoubtfulPayouts(ctx, "acme", "USD")
	note(err)

	// What people on call look at.
	_, err = tx.IntentProviders(ctx, payment.KindPayout)
	note(err)
	_, err = tx.CountIntents(ctx, "tiny", payment.KindPayment, payment.Unknown)
	note(err)
	_, _, err = tx.DueBacklog(ctx, "tiny", now)
	note(err)
	_, err = tx.CasesByStatus(ctx, payment.Unknown, 50)
	note(err)
	_, err = tx.CasesInAction(ctx, 50)
	note(err)
	_, err = tx.WaitingWebhooks(ctx, "tiny", payment.WebhookFailed, 50)
	note(err)

	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// No list, and no count of what is open, reads a large table from end to end, or
// sorts it.
func TestQueriesAreAnsweredByIndexes(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		fillPlans(t, s, url)

		seen := map[string]bool{}
		err := s.Planned(t.Context(), func(query, plan string) {
			if problem := wrongPlan(query, plan); problem != "" && !seen[query] {
				t.Errorf("%s:\n%s\n%s", problem, query, plan)
			}
			seen[query] = true
		}, func(tx *store.Tx) error { return everyRead(t.Context(), tx) })
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) < 60 {
			t.Errorf("only %d queries were looked at", len(seen))
		}
	})
}

var (
	// SQLite has no estimates: a scan that names no index, or reads a whole one.
	sqliteScan = regexp.MustCompile(`(?m)^SCAN (intents|events|webhooks|attempts|history|deliveries)\b.*$`)
	sqliteSort = regexp.MustCompile(`USE TEMP B-TREE FOR (LAST TERM OF )?ORDER BY`)
	// PostgreSQL reads small tables whole, and rightly so.
	postgresScan = regexp.MustCompile(`Seq Scan on (intents|events|webhooks)\b`)
	postgresSort = regexp.MustCompile(`(?m)\bSort  \(cost=\S+ rows=(\d+)`)
)

// wrongPlan says what is wrong with a plan; "" is nothing.
func wrongPlan(query, plan string) string {
	// A newest page without a filter is the end of the table itself, and the index
	// of open attempts has nothing else.
	whole := strings.Contains(query, "FROM webhooks WHERE purpose") ||
		strings.Contains(plan, "SCAN attempts USING INDEX attempts_open")
	bounded := strings.Contains(query, "UNION ALL") || strings.Contains(query, "status = 'unknown'")

	switch {
	case sqliteScan.MatchString(plan) && !whole:
		return "reads a whole table"
	case sqliteSort.MatchString(plan) && !bounded:
		return "sorts"
	case postgresScan.MatchString(plan):
		return "reads a whole table"
	}
	for _, sorted := range postgresSort.FindAllStringSubmatch(plan, -1) {
		if rows, _ := strconv.Atoi(sorted[1]); rows > few {
			return "sorts many rows"
		}
	}

	return ""
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
				s.OnWriter(t, fmt.Sprintf(`INSERT INTO intents (id, kind, provider, parent_id, amount,
					currency, merchant_reference, method, request, idempotency_key, created_at, expires_at,
					sequence, status, review_reason, fingerprint, provider_reference, refs, provider_status,
					paid_amount, paid_currency, next_action, failure, succeeded_at, updated_at, check_at,
					checks, events, version) VALUES ('%s_%d', '%s', 'acme', '', '1', 'USD', '', '', '{}', '',
					1, 0, 0, '%s', '', 'f', '', '[]', '', '', '', '', '', 0, 1, 0, 0, 0, 1)`,
					kind, k, kind, status))
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
