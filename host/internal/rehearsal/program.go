package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

// stopTime is how long a program may take to end.
const stopTime = 2 * time.Second

// accountName is under which the programs know the account that is rehearsed.
// Under its own name they have it with its own configuration, and are asked what
// they make of that, and nothing else.
const accountName = "rehearsal"

// program is one of the two, with the server that takes its provider's place.
type program struct {
	Path, Checksum string
	info           sdk.Info
	// account is what the program says of the account with its own
	// configuration; it holds who we are to the provider.
	account sdk.AccountInfo

	stand  *stand
	verbs  *client.Account
	config config.Provider
	// rehearsed is account for the configuration that leads to the stand.
	rehearsed sdk.AccountInfo
	process   *plugin.Process
}

// launch says how a program is started.
type launch struct {
	account   *config.Provider
	binary    plugin.Binary
	workspace *plugin.Workspace
	mask      *redact.Set
	logger    *slog.Logger
}

// start starts a program that reaches nothing but a stand of its own. The caller
// must close it. After an error nothing of it is left.
func (l launch) start(ctx context.Context) (*program, error) {
	place, err := newStand()
	if err != nil {
		return nil, err
	}

	l.binary.Strict = l.account.Isolation == config.IsolationStrict
	process, err := plugin.Start(ctx, plugin.Spec{
		Binary:    l.binary,
		Workspace: l.workspace,
		Mask:      l.mask,
		Logger:    l.logger,
		Only:      place.address,
	})
	if err != nil {
		place.close()
		return nil, errors.New(l.mask.Text(err.Error()))
	}

	started := &program{
		Path:     l.binary.Path,
		Checksum: l.binary.Checksum,
		info:     process.Info(),
		stand:    place,
		verbs:    process.Client().Account(accountName),
		config:   *l.account,
		process:  process,
	}
	if err := l.configure(ctx, started); err != nil {
		started.close()
		return nil, err
	}

	return started, nil
}

func (p *program) close() {
	p.process.Stop(stopTime)
	p.stand.close()
}

// configure hands a program the account twice: as it is, and with the stand in
// place of its provider.
func (l launch) configure(ctx context.Context, started *program) (err error) {
	account, calls := l.account, started.process.Client()
	ctx, cancel := context.WithTimeout(ctx, account.Timeout)
	defer cancel()

	started.account, err = calls.Configure(ctx, account.Name, account.Config)
	if err != nil {
		return l.refused("the configuration of "+account.Name, err)
	}

	moved, err := movedTo(started.stand.url(), account.Config)
	if err != nil {
		return err
	}
	started.config.Config = moved
	started.rehearsed, err = calls.Configure(ctx, accountName, moved)
	if err != nil {
		return l.refused("a base_url on this machine, which the rehearsal needs", err)
	}

	return nil
}

// refused says what a program does not take.
func (l launch) refused(what string, err error) error {
	refusal := sdk.AsError(err)
	text := refusal.Message
	for _, violation := range refusal.Violations {
		text += "; " + violation.Field + " " + violation.Message
	}
	return fmt.Errorf("it does not take %s: %s", what, l.mask.Text(text))
}

// movedTo returns a configuration whose provider is at another address. A path
// of base_url stays, and a proxy is left out: nothing but the address is reached.
func movedTo(address string, configuration json.RawMessage) (json.RawMessage, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(configuration, &keys); err != nil {
		return nil, fmt.Errorf("read the account's configuration: %w", err)
	}

	moved, err := json.Marshal(address + pathOf(baseURL(configuration)))
	if err != nil {
		return nil, err
	}
	keys["base_url"] = moved
	delete(keys, "proxy")

	return json.Marshal(keys)
}

// heard is what came of one call.
type heard struct {
	requests []request
	answer   json.RawMessage
	failure  *sdk.Error
	// notMade says why no call could be made.
	notMade error
	took    time.Duration
}

// perform makes one call, with what the provider answered then.
func (p *program) perform(ctx context.Context, repeater *core.Repeater, made *call) *heard {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()

	came := &heard{}
	leased := &lease{verbs: p.verbs, program: p, heard: came}
	finish := p.stand.play(made.exchanges, made.origin)
	begun := time.Now()

	var err error
	if made.webhook != nil {
		err = inbox.Repeat(ctx, leased, made.webhook, made.intent)
	} else {
		err = repeater.Repeat(ctx, leased, made.intent, made.attempt)
	}

	came.took = time.Since(begun)
	came.requests = finish()
	if made.origin != "" {
		answer := moved(string(came.answer), p.stand.url(), made.origin)
		came.answer = json.RawMessage(answer)
	}
	if !leased.called && (err != nil) {
		came.notMade = err
	}

	return came
}

// verbs is all that a program can be asked.
type verbs = client.Account

// lease is a program as the host calls it; it keeps what the program answers.
type lease struct {
	*verbs
	program *program
	heard   *heard
	called  bool
}

var _ core.Lease = (*lease)(nil)

// Version is core.Lease.
func (l *lease) Version() string { return l.program.info.Version }

// Fingerprint is core.Lease.
func (l *lease) Fingerprint() string { return l.program.rehearsed.IdentityFingerprint }

// Info is core.Lease.
func (l *lease) Info() sdk.Info { return l.program.info }

// Account is core.Lease.
func (l *lease) Account() sdk.AccountInfo { return l.program.rehearsed }

// Has is core.Lease. Every call is made: a program that cannot says so.
func (l *lease) Has(sdk.Capability) bool { return true }

// Config is core.Lease.
func (l *lease) Config() config.Provider { return l.program.config }

// Release is core.Lease.
func (l *lease) Release() {}

// CreatePayment keeps the answer.
func (l *lease) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	return keep(ctx, l, req, l.verbs.CreatePayment)
}

// CreatePayout keeps the answer.
func (l *lease) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	return keep(ctx, l, req, l.verbs.CreatePayout)
}

// CreateRefund keeps the answer.
func (l *lease) CreateRefund(
	ctx context.Context,
	req sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	return keep(ctx, l, req, l.verbs.CreateRefund)
}

// CapturePayment keeps the answer.
func (l *lease) CapturePayment(
	ctx context.Context,
	req sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	return keep(ctx, l, req, l.verbs.CapturePayment)
}

// CancelPayment keeps the answer.
func (l *lease) CancelPayment(
	ctx context.Context,
	req sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	return keep(ctx, l, req, l.verbs.CancelPayment)
}

// ParseWebhook keeps the answer.
func (l *lease) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	return keep(ctx, l, req, l.verbs.ParseWebhook)
}

// ParseReturn keeps the answer.
func (l *lease) ParseReturn(
	ctx context.Context,
	req sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	return keep(ctx, l, req, l.verbs.ParseReturn)
}

// keep makes a call and keeps what came of it.
func keep[Req, Answer any](
	ctx context.Context,
	l *lease,
	req Req,
	ask func(context.Context, Req) (*Answer, error),
) (*Answer, error) {
	l.called = true
	answer, err := ask(ctx, req)
	l.heard.failure = sdk.AsError(err)
	if err == nil {
		l.heard.answer, _ = json.Marshal(answer) // types of the sdk always marshal
	}
	return answer, err
}
