package insight

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// How long a reading holds: a second at least, since anybody who reaches the
// metrics may read them, and so much longer than it took that reading is a small
// part of what the database does.
const (
	readingHolds = time.Second
	openShare    = 20 // reading what is open takes a twentieth of the time at most
	endedShare   = 50 // counting what has ended, whose numbers grow for ever, a fiftieth
)

// readingTimeout bounds how long a scrape waits for the store.
const readingTimeout = 4 * time.Second

var (
	byKind = []string{"provider", "kind"}

	intentsDesc = prometheus.NewDesc("payhost_intents",
		"Payments, payouts and refunds in the database, by status.",
		[]string{"provider", "kind", "status"}, nil)
	doubtDesc = prometheus.NewDesc("payhost_doubt_intents",
		"How many payments, payouts and refunds may or may not have moved money.", byKind, nil)
	doubtAmountDesc = prometheus.NewDesc("payhost_doubt_amount",
		"The money of which it is not known whether it has moved.",
		[]string{"provider", "kind", "currency"}, nil)
	doubtAgeDesc = prometheus.NewDesc("payhost_doubt_oldest_seconds",
		"For how long the oldest doubt has lasted; 0 when there is none.", byKind, nil)
	webhooksDesc = prometheus.NewDesc("payhost_webhooks",
		"Stored webhooks by state.", []string{"provider", "state"}, nil)
	dueDesc = prometheus.NewDesc("payhost_due_backlog",
		"How many payments, payouts and refunds have a status query due.",
		[]string{"provider"}, nil)
	dueAgeDesc = prometheus.NewDesc("payhost_due_oldest_seconds",
		"For how long the oldest status query has been due; 0 when none is.",
		[]string{"provider"}, nil)

	pausedDesc = prometheus.NewDesc("payhost_provider_paused",
		"Whether new payments, or new payouts, are paused: 1, or 0.",
		[]string{"provider", "what"}, nil)

	findingsDesc = prometheus.NewDesc("payhost_findings_open",
		"What a provider's own list says otherwise, and waits for a decision.",
		[]string{"provider", "kind"}, nil)
	fencedDesc = prometheus.NewDesc("payhost_fenced",
		"Whether no money moves because the database is restored or a copy: 1, or 0.", nil, nil)

	allDescs = []*prometheus.Desc{
		intentsDesc, doubtDesc, doubtAmountDesc, doubtAgeDesc, webhooksDesc, dueDesc, dueAgeDesc,
		pausedDesc, fencedDesc, findingsDesc,
	}
)

var kinds = []payment.Kind{payment.KindPayment, payment.KindPayout, payment.KindRefund}

var (
	webhooksWaiting = []payment.WebhookState{
		payment.WebhookPending, payment.WebhookUnmatched, payment.WebhookFailed,
	}
	webhooksEnded = []payment.WebhookState{payment.WebhookApplied, payment.WebhookIgnored}
)

// Figures are the metrics of what is stored. They are of the whole database,
// also of what other hosts have recorded.
type Figures struct {
	store store.Transactor
	log   *slog.Logger
	// providers returns the names of the configured ones.
	providers func() []string

	mu sync.Mutex
	// shown are the metrics of the last reading, which hold until due.
	shown []prometheus.Metric
	due   time.Time
	// ended has the counts of what has ended, each with a time of its own.
	ended map[series]count
}

// series is one time series of what has ended: state is a status of intents, or
// a state of webhooks when kind is "".
type series struct {
	provider string
	kind     payment.Kind
	state    string
}

type count struct {
	value int
	due   time.Time
}

// NewFigures returns the figures of a store. providers returns the names of the
// configured ones, each of which is paused or is not.
func NewFigures(s store.Transactor, log *slog.Logger, providers func() []string) *Figures {
	return &Figures{store: s, log: log, providers: providers, ended: map[series]count{}}
}

// Describe is of prometheus.Collector.
func (f *Figures) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range allDescs {
		ch <- desc
	}
}

// Collect is of prometheus.Collector. It reports nothing while the store does
// not answer: an old figure would look like a new one.
func (f *Figures) Collect(ch chan<- prometheus.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()

	if started := time.Now(); started.After(f.due) {
		ctx, cancel := context.WithTimeout(context.Background(), readingTimeout)
		defer cancel()
		f.shown = f.read(ctx)
		f.due = holdsUntil(started, openShare)
	}
	for _, metric := range f.shown {
		ch <- metric
	}
}

// holdsUntil returns until when what was read since started holds.
func holdsUntil(started time.Time, share int) time.Time {
	now := time.Now()
	return now.Add(max(readingHolds, now.Sub(started)*time.Duration(share)))
}

// read reads all figures. The counts of what has ended are read one by one, so
// that a long one holds up no other.
func (f *Figures) read(ctx context.Context) []prometheus.Metric {
	var open reading
	err := f.store.Read(ctx, func(tx *store.Tx) error {
		open = reading{}
		if err := open.readPauses(ctx, tx, f.providers()); err != nil {
			return err
		}
		return open.readOpen(ctx, tx)
	})
	if err != nil {
		f.log.Warn("the figures of the database could not be read", "error", err)
		return nil
	}

	for _, one := range open.ended {
		if value, ok := f.countEnded(ctx, one); ok {
			open.add(one, value)
		}
	}
	return open.metrics
}

// countEnded returns how much has ended in a way. While its count does not
// succeed, the former one is the best that is known.
func (f *Figures) countEnded(ctx context.Context, one series) (value int, known bool) {
	kept, known := f.ended[one]
	started := time.Now()
	if known && started.Before(kept.due) {
		return kept.value, true
	}

	err := f.store.Read(ctx, func(tx *store.Tx) (err error) {
		if one.kind == "" {
			state := payment.WebhookState(one.state)
			value, err = tx.CountWebhooks(ctx, one.provider, state)
		} else {
			status := payment.Status(one.state)
			value, err = tx.CountIntents(ctx, one.provider, one.kind, status)
		}
		return err
	})
	if err != nil {
		f.log.Warn("what has ended could not be counted",
			"provider", one.provider, "kind", one.kind, "state", one.state, "error", err)
		return kept.value, known
	}

	f.ended[one] = count{value: value, due: holdsUntil(started, endedShare)}
	return value, true
}

// reading is what one look at the database finds.
type reading struct {
	metrics []prometheus.Metric
	ended   []series // still to be counted
}

func (r *reading) gauge(desc *prometheus.Desc, value float64, labels ...string) {
	metric := prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	r.metrics = append(r.metrics, metric)
}

// add adds a count of intents or of webhooks.
func (r *reading) add(one series, value int) {
	if one.kind == "" {
		r.gauge(webhooksDesc, float64(value), one.provider, one.state)
		return
	}
	r.gauge(intentsDesc, float64(value), one.provider, string(one.kind), one.state)
}

// readOpen reads everything but the counts of what has ended.
func (r *reading) readOpen(ctx context.Context, tx *store.Tx) error {
	providers := map[string]bool{}
	perKind := map[series]bool{}
	for _, kind := range kinds {
		names, err := tx.IntentProviders(ctx, kind)
		if err != nil {
			return err
		}

		for _, name := range names {
			providers[name] = true
			perKind[series{provider: name, kind: kind}] = true
			if err := r.readIntents(ctx, tx, name, kind); err != nil {
				return err
			}
		}
	}

	if err := r.readDoubts(ctx, tx, perKind); err != nil {
		return err
	}
	for name := range providers {
		if err := r.readDue(ctx, tx, name); err != nil {
			return err
		}
	}

	return r.readWebhooks(ctx, tx)
}

// readPauses reads whether money may move, and what is paused at the configured
// providers.
func (r *reading) readPauses(ctx context.Context, tx *store.Tx, providers []string) error {
	pauses, err := tx.Pauses(ctx)
	if err != nil {
		return err
	}

	fence, err := tx.Fence(ctx)
	if err != nil {
		return err
	}
	fenced := 0.0
	if fence != nil {
		fenced = 1
	}
	r.gauge(fencedDesc, fenced)

	in := func(provider string, what payment.PauseScope) float64 {
		for _, one := range pauses {
			if (one.Provider == provider) && (one.What == what) {
				return 1
			}
		}
		return 0
	}
	for _, name := range providers {
		open, err := tx.OpenFindings(ctx, name)
		if err != nil {
			return err
		}
		for _, kind := range []payment.FindingKind{
			payment.FindingMissingThere, payment.FindingMissingHere, payment.FindingAmount,
			payment.FindingStatus,
		} {
			r.gauge(findingsDesc, float64(open[kind]), name, string(kind))
		}
		for _, what := range payment.PauseAll.Scopes() {
			r.gauge(pausedDesc, in(name, what), name, string(what))
		}
	}

	return nil
}

// readIntents counts the intents of a provider that have not ended, and notes
// the others.
func (r *reading) readIntents(
	ctx context.Context,
	tx *store.Tx,
	provider string,
	kind payment.Kind,
) error {
	for _, status := range intent.Statuses(kind) {
		one := series{provider, kind, string(status)}
		if status.Final() {
			r.ended = append(r.ended, one)
			continue
		}

		value, err := tx.CountIntents(ctx, provider, kind, status)
		if err != nil {
			return err
		}
		r.add(one, value)
	}

	return nil
}

// readDoubts adds up what is in doubt. Every provider has a figure for each kind
// that it has intents of, also when nothing is in doubt.
func (r *reading) readDoubts(
	ctx context.Context,
	tx *store.Tx,
	perKind map[series]bool,
) error {
	doubts, err := tx.Doubts(ctx)
	if err != nil {
		return err
	}
	found := sumUp(doubts)

	now := tx.Now()
	for one := range perKind {
		sum := found.perKind[one]
		age := 0.0
		if sum.count > 0 {
			age = max(0, now.Sub(sum.oldest).Seconds())
		}
		r.gauge(doubtDesc, float64(sum.count), one.provider, string(one.kind))
		r.gauge(doubtAgeDesc, age, one.provider, string(one.kind))
	}

	for money, amount := range found.amounts {
		value := amount.InexactFloat64()
		r.gauge(doubtAmountDesc, value, money.provider, string(money.kind), money.currency)
	}

	return nil
}

// readDue reads how far behind the status queries of a provider are.
func (r *reading) readDue(ctx context.Context, tx *store.Tx, provider string) error {
	now := tx.Now()
	value, oldest, err := tx.DueBacklog(ctx, provider, now)
	if err != nil {
		return err
	}

	age := 0.0
	if value > 0 {
		age = max(0, now.Sub(oldest).Seconds())
	}
	r.gauge(dueDesc, float64(value), provider)
	r.gauge(dueAgeDesc, age, provider)

	return nil
}

// readWebhooks counts the webhooks that wait for something, and notes the
// others.
func (r *reading) readWebhooks(ctx context.Context, tx *store.Tx) error {
	senders, err := tx.WebhookSenders(ctx)
	if err != nil {
		return err
	}

	for _, name := range senders {
		for _, state := range webhooksEnded {
			r.ended = append(r.ended, series{provider: name, state: string(state)})
		}
		for _, state := range webhooksWaiting {
			value, err := tx.CountWebhooks(ctx, name, state)
			if err != nil {
				return err
			}
			r.add(series{provider: name, state: string(state)}, value)
		}
	}

	return nil
}
