package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/plugin"
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
}

// start starts a program that reaches nothing but a stand of its own.
func (s *stage) start(
	ctx context.Context,
	binary plugin.Binary,
	workspace *plugin.Workspace,
) (*program, error) {
	place, err := newStand()
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, place.close)

	account := s.options.Account
	binary.Strict = account.Isolation == config.IsolationStrict
	process, err := plugin.Start(ctx, plugin.Spec{
		Binary:    binary,
		Workspace: workspace,
		Mask:      s.mask,
		Logger:    s.options.Logger,
		Only:      place.address,
	})
	if err != nil {
		return nil, errors.New(s.mask.Text(err.Error()))
	}
	s.closers = append(s.closers, func() { process.Stop(stopTime) })

	started := &program{
		Path:     binary.Path,
		Checksum: binary.Checksum,
		info:     process.Info(),
		stand:    place,
		verbs:    process.Client().Account(accountName),
		config:   *account,
	}

	return started, s.configure(ctx, process.Client(), started)
}

// configure hands a program the account twice: as it is, and with the stand in
// place of its provider.
func (s *stage) configure(
	ctx context.Context,
	calls *client.Client,
	started *program,
) (err error) {
	account := s.options.Account
	ctx, cancel := context.WithTimeout(ctx, account.Timeout)
	defer cancel()

	started.account, err = calls.Configure(ctx, account.Name, account.Config)
	if err != nil {
		return s.refused("the configuration of "+account.Name, err)
	}

	moved, err := movedTo(started.stand.url(), account.Config)
	if err != nil {
		return err
	}
	started.config.Config = moved
	started.rehearsed, err = calls.Configure(ctx, accountName, moved)
	if err != nil {
		return s.refused("a base_url on this machine, which the rehearsal needs", err)
	}

	return nil
}

// refused says what a program does not take.
func (s *stage) refused(what string, err error) error {
	refusal := sdk.AsError(err)
	text := refusal.Message
	for _, violation := range refusal.Violations {
		text += "; " + violation.Field + " " + violation.Message
	}
	return fmt.Errorf("it does not take %s: %s", what, s.mask.Text(text))
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

// make makes one call, with what the provider answered then.
func (p *program) make(ctx context.Context, repeater *core.Repeater, made *call) *heard {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()

	came := &heard{}
	leased := &lease{verbs: p.verbs, program: p, heard: came}
	finish := p.stand.play(made.exchanges)
	begun := time.Now()

	var err error
	if made.webhook != nil {
		err = inbox.Repeat(ctx, leased, made.webhook, made.intent)
	} else {
		err = repeater.Repeat(ctx, leased, made.intent, made.attempt)
	}

	came.took = time.Since(begun)
	came.requests = finish()
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
	return keep(l, ctx, req, l.verbs.CreatePayment)
}

// CreatePayout keeps the answer.
func (l *lease) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	return keep(l, ctx, req, l.verbs.CreatePayout)
}

// CreateRefund keeps the answer.
func (l *lease) CreateRefund(
	ctx context.Context,
	req sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	return keep(l, ctx, req, l.verbs.CreateRefund)
}

// CapturePayment keeps the answer.
func (l *lease) CapturePayment(
	ctx context.Context,
	req sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	return keep(l, ctx, req, l.verbs.CapturePayment)
}

// CancelPayment keeps the answer.
func (l *lease) CancelPayment(
	ctx context.Context,
	req sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	return keep(l, ctx, req, l.verbs.CancelPayment)
}

// ParseWebhook keeps the answer.
func (l *lease) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	return keep(l, ctx, req, l.verbs.ParseWebhook)
}

// ParseReturn keeps the answer.
func (l *lease) ParseReturn(
	ctx context.Context,
	req sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	return keep(l, ctx, req, l.verbs.ParseReturn)
}

// keep makes a call and keeps what came of it.
func keep[Req, Answer any](
	l *lease,
	ctx context.Context, //nolint:revive // the lease is the receiver, which cannot be generic
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
