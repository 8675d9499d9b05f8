package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance/golden"
)

const (
	// waitingTasks bounds what waits for a candidate. Beyond that it sees nothing:
	// the serving program never waits for it.
	waitingTasks = 256
	// restartPause is how long a candidate that did not start is left alone.
	restartPause = time.Minute
)

// ShadowOptions say what shadows work with.
type ShadowOptions struct {
	PluginDir string
	Logger    *slog.Logger
	Now       func() time.Time
}

// Shadows has the candidate of an account read what the serving program has read:
// webhooks, returns, and the provider's answers to status queries. Only what the
// serving program makes of them counts. A candidate reaches no network and is
// never asked to make anything.
type Shadows struct {
	options     ShadowOptions
	calls       *prometheus.CounterVec
	differences *prometheus.CounterVec

	mu     sync.Mutex
	byName map[string]*shadow
}

// NewShadows returns shadows of no account; Apply begins them.
func NewShadows(o ShadowOptions) *Shadows {
	s := &Shadows{
		options: o,
		byName:  map[string]*shadow{},
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payhost_shadow_calls_total",
			Help: "Calls that the candidate of a provider has read as well, by whether it " +
				"made the same of them: same, differs, or skipped.",
		}, []string{"provider", "version", "result"}),
		differences: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payhost_shadow_differences_total",
			Help: "Differences between the candidate of a provider and its serving program, by class.",
		}, []string{"provider", "version", "class"}),
	}
	return s
}

// Collectors are the metrics of all shadows.
func (s *Shadows) Collectors() []prometheus.Collector {
	return []prometheus.Collector{s.calls, s.differences}
}

// Apply begins the shadows of a configuration and ends those that are in it no
// more. An account whose configuration or candidate has changed begins anew. It
// does not wait for candidates to start.
func (s *Shadows) Apply(accounts []config.Provider) {
	for _, former := range s.swap(accounts) {
		former.stop()
	}
}

// swap puts the shadows of a configuration in place, and returns those that are
// to be stopped: leases are not to wait for that.
func (s *Shadows) swap(accounts []config.Provider) (former []*shadow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := map[string]*shadow{}
	for _, account := range accounts {
		if !account.Enabled || (account.Canary.Version == "") {
			continue
		}
		running := s.byName[account.Name]
		if (running != nil) && running.configured.Same(account) &&
			(running.configured.Canary == account.Canary) {
			kept[account.Name] = running
			continue
		}
		kept[account.Name] = s.begin(account)
	}

	for name, running := range s.byName {
		if kept[name] != running {
			former = append(former, running)
		}
	}
	s.byName = kept
	return former
}

// Close ends all shadows.
func (s *Shadows) Close() { s.Apply(nil) }

// Status returns what a shadow has found, nil for an account without one.
func (s *Shadows) Status(account string) *payment.ProviderCanary {
	s.mu.Lock()
	running := s.byName[account]
	s.mu.Unlock()
	if running == nil {
		return nil
	}
	return running.status()
}

// Lease returns a lease that shows the account's shadow what its calls read. It
// is the same lease for an account without one.
func (s *Shadows) Lease(account string, lease core.Lease) core.Lease {
	s.mu.Lock()
	running := s.byName[account]
	s.mu.Unlock()
	if running == nil {
		return lease
	}
	return &shadowed{Lease: lease, shadow: running}
}

// shadow is one account's candidate.
type shadow struct {
	shadows *Shadows
	// configured is the account as it is in the configuration, and account the
	// same with the candidate for its program.
	configured, account config.Provider

	mask   *redact.Set
	log    *slog.Logger
	tasks  chan task
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	found payment.ProviderCanary
	// classes are the differences, by class.
	classes map[string]*payment.CanaryDifference
}

func (s *Shadows) begin(account config.Provider) *shadow {
	ctx, cancel := context.WithCancel(context.Background())
	candidate := account
	candidate.Version = account.Canary.Version
	candidate.SHA256 = "" // that is the serving program's; payhost.lock has both
	begun := &shadow{
		shadows: s,

		configured: account,

		account: candidate,
		mask:    newMask(&account),
		log:     s.options.Logger.With("provider", account.Name, "candidate", account.Canary.Version),
		tasks:   make(chan task, waitingTasks),
		cancel:  cancel,
		done:    make(chan struct{}),
		classes: map[string]*payment.CanaryDifference{},
		found: payment.ProviderCanary{
			Version: account.Canary.Version,
			State:   payment.CanaryStarting,
			Since:   s.options.Now(),
		},
	}
	go begun.run(ctx)
	return begun
}

// stop ends the candidate and waits for its end.
func (s *shadow) stop() {
	s.cancel()
	<-s.done
}

func (s *shadow) status() *payment.ProviderCanary {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := s.found
	shown.Differences = []payment.CanaryDifference{}
	for _, class := range slices.Sorted(maps.Keys(s.classes)) {
		shown.Differences = append(shown.Differences, *s.classes[class])
	}
	return &shown
}

// run starts the candidate, and again when it has ended, and gives it what the
// serving program has read, one after the other.
func (s *shadow) run(ctx context.Context) {
	defer close(s.done)
	var candidate *program
	release := func() {}
	defer func() { release() }()

	// The candidate is started at once, and again a while after it has ended.
	again := time.NewTimer(0)
	defer again.Stop()
	var gone <-chan struct{}

	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			var err error
			candidate, release, err = s.launch(ctx)
			if ctx.Err() != nil {
				return
			}
			s.told(err)
			if err != nil {
				again.Reset(restartPause)
				continue
			}
			gone = candidate.process.Client().Done()

		case <-gone:
			s.told(errors.New("its process has ended; it is started again in a minute"))
			release()
			candidate, release, gone = nil, func() {}, nil
			again.Reset(restartPause)
		case one := <-s.tasks:
			s.compare(ctx, candidate, one)
		}
	}
}

// launch starts the candidate. The caller must call release.
func (s *shadow) launch(ctx context.Context) (started *program, release func(), err error) {
	none := func() {}
	file := filepath.Join(s.shadows.options.PluginDir, s.account.Program())
	binary, workspace, done, err := plugin.FindFile(file)
	if err != nil {
		return nil, none, err
	}
	if err := s.account.Allows(binary.Path, binary.Checksum); err != nil {
		done()
		return nil, none, err
	}

	started, err = launch{
		account:   &s.account,
		binary:    binary,
		workspace: workspace,
		mask:      s.mask,
		logger:    s.log,
	}.start(ctx)
	if err != nil {
		done()
		return nil, none, err
	}

	return started, func() { started.close(); done() }, nil
}

// told notes whether the candidate runs.
func (s *shadow) told(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found.Since = s.shadows.options.Now()
	if err == nil {
		s.found.State, s.found.Error = payment.CanaryShadow, ""
		s.log.Info("a new version reads what the serving one reads, and nothing of it counts")
		return
	}
	s.found.State, s.found.Error = payment.CanaryFailed, s.mask.Text(err.Error())
	s.log.Warn("a new version cannot be compared; the serving one goes on", "error", s.found.Error)
}

// task is something that the serving program has read.
type task struct {
	verb, id  string
	exchanges []golden.Exchange
	want      heard
	try       func(ctx context.Context, account *client.Account) (any, error)
}

// offer hands a task over, unless too many wait.
func (s *shadow) offer(one task) {
	select {
	case s.tasks <- one:
	default:
		s.skip()
	}
}

func (s *shadow) skip() {
	s.count("skipped")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found.Skipped++
}

func (s *shadow) count(result string) {
	s.shadows.calls.WithLabelValues(s.account.Name, s.account.Canary.Version, result).Inc()
}

// compare has the candidate do the same, and notes what differs.
func (s *shadow) compare(ctx context.Context, candidate *program, one task) {
	if candidate == nil {
		s.skip()
		return
	}

	ctx, cancel := context.WithTimeout(ctx, s.account.Timeout)
	defer cancel()
	finish := candidate.stand.play(one.exchanges, "")
	answer, err := one.try(ctx, candidate.verbs)
	finish()
	got := heard{failure: sdk.AsError(err)}
	if err == nil {
		got.answer, _ = json.Marshal(answer) // types of the sdk always marshal
	}

	comparison := comparing{mask: s.mask, verb: one.verb, id: one.id, name: one.id}
	comparison.ends(&one.want, &got)
	s.note(comparison.list)
}

// note counts the differences of one call.
func (s *shadow) note(found []Difference) {
	result := "same"
	if len(found) > 0 {
		result = "differs"
	}
	s.count(result)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.found.Compared++
	for _, difference := range found {
		s.shadows.differences.WithLabelValues(
			s.account.Name, s.account.Canary.Version, difference.Class).Inc()
		known := s.classes[difference.Class]
		if known == nil {
			known = &payment.CanaryDifference{Class: difference.Class}
			s.classes[difference.Class] = known
			s.log.Warn("a new version does not make the same of what was read",
				"class", difference.Class, "verb", difference.Verb, "place", difference.Place,
				"about", difference.Example.ID, "was", difference.Example.Serving,
				"is", difference.Example.Candidate)
		}

		known.Count++
		known.LastAt = s.shadows.options.Now()
		known.About = difference.Example.ID
		known.Example = fmt.Sprintf("%s %s: %q, was %q", difference.Verb, difference.Place,
			difference.Example.Candidate, difference.Example.Serving)
	}
}

// shadowed is a lease whose reading calls the shadow sees.
type shadowed struct {
	core.Lease
	shadow *shadow
}

// ParseWebhook is the serving program's.
func (l *shadowed) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	about := "a webhook"
	if req.Payment != nil {
		about = req.Payment.Reference
	}
	return observed(ctx, l.shadow, "parse_webhook", about, req,
		l.Lease.ParseWebhook, (*client.Account).ParseWebhook)
}

// ParseReturn is the serving program's.
func (l *shadowed) ParseReturn(
	ctx context.Context,
	req sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	about := "a return"
	if req.Payment != nil {
		about = req.Payment.Reference
	}
	return observed(ctx, l.shadow, "parse_return", about, req,
		l.Lease.ParseReturn, (*client.Account).ParseReturn)
}

// GetPayment is the serving program's.
func (l *shadowed) GetPayment(
	ctx context.Context,
	req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	return observed(ctx, l.shadow, "get_payment", req.Payment.Reference, req,
		l.Lease.GetPayment, (*client.Account).GetPayment)
}

// GetPayout is the serving program's.
func (l *shadowed) GetPayout(
	ctx context.Context,
	req sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	return observed(ctx, l.shadow, "get_payout", req.Payout.Reference, req,
		l.Lease.GetPayout, (*client.Account).GetPayout)
}

// GetRefund is the serving program's.
func (l *shadowed) GetRefund(
	ctx context.Context,
	req sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	return observed(ctx, l.shadow, "get_refund", req.Refund.Reference, req,
		l.Lease.GetRefund, (*client.Account).GetRefund)
}

// observed makes a call with the serving program, and shows the shadow what it has
// read and made of it.
func observed[Req, Answer any](
	ctx context.Context,
	s *shadow,
	verb, about string,
	req Req,
	serve func(context.Context, Req) (*Answer, error),
	try func(*client.Account, context.Context, Req) (*Answer, error),
) (*Answer, error) {
	logged, log := sdk.WithExchangeLog(ctx)
	answer, err := serve(logged, req)
	one := task{verb: verb, id: about, want: heard{failure: sdk.AsError(err)}}
	whole := tells(one.want.failure)
	for _, exchange := range log.Exchanges() {
		sdk.RecordExchange(ctx, exchange)
		said := playable(exchange)
		whole = whole && said.Sent && said.Whole()
		one.exchanges = append(one.exchanges, said)
	}

	// A query without an exchange would have the candidate read nothing.
	reads := !strings.HasPrefix(verb, "parse_")
	if !whole || (reads && (len(one.exchanges) == 0)) {
		s.skip()
		return answer, err
	}

	// The answer is written down at once: its reader may change it.
	if err == nil {
		one.want.answer, _ = json.Marshal(answer) // types of the sdk always marshal
	}
	one.try = func(ctx context.Context, account *client.Account) (any, error) {
		return try(account, ctx, req)
	}
	s.offer(one)

	return answer, err
}

// tells reports whether an end is the program's own word, and not that of the
// host or of the moment.
func tells(failure *sdk.Error) bool {
	if failure == nil {
		return true
	}
	switch failure.Code {
	case sdk.CodeUnavailable, sdk.CodeRateLimited, sdk.CodeInternal:
		return false
	}
	return true
}
