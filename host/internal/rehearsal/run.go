package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/golden"
)

// Options say what is rehearsed.
type Options struct {
	// Config is the host's, and Account the one of its accounts that the
	// candidate is to serve.
	Config  *config.Config
	Account *config.Provider
	// File is the candidate, <plugin> or <plugin>@<version>.
	File string
	// Last is of how many intents what is stored is rehearsed.
	Last int
	// Allow are the classes of differences that are meant; "request.body" stands
	// for all classes that begin with "request.body.".
	Allow []string
	// Logger takes what the programs log; nil: nothing does.
	Logger *slog.Logger
}

// Run rehearses. The error says why that could not be done; differences are in
// the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}

	account := o.Account
	if name, _, _ := strings.Cut(filepath.Base(o.File), "@"); name != account.Plugin {
		return nil, fmt.Errorf("%s is the plugin %s, and the account %s has the plugin %s",
			o.File, name, account.Name, account.Plugin)
	}

	database, err := store.OpenToRead(ctx, o.Config.Store.URL.Reveal())
	if err != nil {
		return nil, err
	}
	defer database.Close() //nolint:errcheck // nothing was written

	secrets := make([]string, 0, len(o.Config.Host.TokenSecrets))
	for _, secret := range o.Config.Host.TokenSecrets {
		secrets = append(secrets, secret.Reveal())
	}
	repeater, err := core.NewRepeater(ctx, core.Options{
		Store:        database,
		PublicURL:    o.Config.Host.PublicURL,
		TokenSecrets: secrets,
		Logger:       o.Logger,
	})
	if err != nil {
		return nil, err
	}

	material, err := collect(ctx, database, o)
	if err != nil {
		return nil, fmt.Errorf("read what is stored of %s: %w", o.Account.Name, err)
	}
	if len(material.calls) == 0 {
		return nil, nothing(o.Account.Name, material.leftOut)
	}

	stage := &stage{
		options:  o,
		repeater: repeater,
		mask:     newMask(o.Account),
		library:  material.library(),
	}
	if err := stage.open(ctx); err != nil {
		return nil, err
	}
	defer stage.close()

	return stage.rehearse(ctx, material)
}

// newMask returns what takes an account's secrets out of a text.
func newMask(account *config.Provider) *redact.Set {
	mask := &redact.Set{}
	mask.Add(redact.Reveal(account.Secrets)...)
	return mask
}

// nothing is for an account of which nothing can be rehearsed: a gate that opens
// because nothing was tried would be none.
func nothing(account string, leftOut []LeftOut) error {
	text := "nothing is stored of " + account + " that could be rehearsed"
	for _, group := range leftOut {
		text += fmt.Sprintf("; %d left out: %s (%s)", group.Count, group.Reason, group.Example)
	}
	return errors.New(text)
}

// stage has the two programs.
type stage struct {
	options            Options
	repeater           *core.Repeater
	mask               *redact.Set
	serving, candidate *program
	// servingAgain is the serving program once more: a program may keep something
	// from one call to the next, and each begins without that.
	servingAgain *program
	library      []golden.Exchange
	closers      []func()
}

func (s *stage) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// open starts both programs. When it fails nothing of them is left.
func (s *stage) open(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			s.close()
		}
	}()

	account := s.options.Account
	candidate, workspace, done, err := plugin.FindFile(s.options.File)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, done)

	catalog := plugin.NewCatalog(s.options.Config.Host.PluginDir, workspace)
	serving, err := catalog.Find(account.Plugin, account.Version, account.SHA256)
	if err == nil {
		err = account.Allows(serving.Path, serving.Checksum)
	}
	if err != nil {
		return fmt.Errorf("the program that serves %s now: %w", account.Name, err)
	}

	s.serving, err = s.start(ctx, serving, workspace)
	if err != nil {
		return fmt.Errorf("the program that serves %s now: %w", account.Name, err)
	}
	s.servingAgain, err = s.start(ctx, serving, workspace)
	if err != nil {
		return fmt.Errorf("the program that serves %s now: %w", account.Name, err)
	}
	s.candidate, err = s.start(ctx, candidate, workspace)
	if err != nil {
		return fmt.Errorf("the new program: %w", err)
	}

	return nil
}

func (s *stage) start(
	ctx context.Context,
	binary plugin.Binary,
	workspace *plugin.Workspace,
) (*program, error) {
	started, err := launch{
		account:   s.options.Account,
		binary:    binary,
		workspace: workspace,
		mask:      s.mask,
		logger:    s.options.Logger,
	}.start(ctx)
	if err == nil {
		started.stand.library = s.library
		s.closers = append(s.closers, started.close)
	}
	return started, err
}

// rehearse makes all calls three times, and compares.
func (s *stage) rehearse(ctx context.Context, material *material) (*Report, error) {
	var runs [3][]*heard
	for i, program := range []*program{s.serving, s.candidate, s.servingAgain} {
		for k := range material.calls {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("the rehearsal was given up: %w", err)
			}
			came := program.perform(ctx, s.repeater, &material.calls[k])
			if i == 0 {
				came = s.unmoved(ctx, &material.calls[k], came)
			}
			runs[i] = append(runs[i], came)
		}
	}

	report := newReport(s)
	report.LeftOut = append(report.LeftOut, material.leftOut...)
	judge := newJudge(s.mask)

	// Nothing is compared with a call that the serving program does not make twice
	// alike.
	sound := make([]bool, len(material.calls))
	for k := range material.calls {
		made := &material.calls[k]
		reason := made.unsound(runs[0][k], runs[2][k])
		if reason != "" {
			report.leaveOut(reason, made.name())
			continue
		}
		sound[k] = true
		judge.learn(made, runs[0][k], runs[2][k])
	}

	for k := range material.calls {
		if !sound[k] {
			continue
		}
		made := &material.calls[k]
		report.count(made)
		report.add(judge.compare(made, runs[0][k], runs[1][k]))
		report.time(made.verb(), min(runs[0][k].took, runs[2][k].took), runs[1][k].took)
	}

	if report.Rehearsed.calls() == 0 {
		return nil, nothing(s.options.Account.Name, report.LeftOut)
	}

	report.Varies = judge.varies()
	report.add(s.declarations())
	report.conclude(s.options.Allow)
	return report, nil
}

// unmoved makes a call of the serving program once more, with the provider's
// answers as they were, when it does not take them with another address: they may
// be signed. The other runs follow.
func (s *stage) unmoved(ctx context.Context, made *call, came *heard) *heard {
	if (made.origin == "") || (made.unsound(came, came) == "") {
		return came
	}

	asItWas := *made
	asItWas.origin = ""
	again := s.serving.perform(ctx, s.repeater, &asItWas)
	if asItWas.unsound(again, again) != "" {
		return came
	}
	made.origin = ""
	return again
}

// declarations compares what the programs say of themselves and of the account,
// with its own configuration.
func (s *stage) declarations() (found []Difference) {
	serving, candidate := s.serving.info, s.candidate.info
	if (serving.Version == candidate.Version) && (s.serving.Checksum != s.candidate.Checksum) {
		found = append(found, Difference{
			Class: "version",
			Place: "version",
			Example: Example{
				Serving:   serving.Version + ", sha256 " + s.serving.Checksum,
				Candidate: candidate.Version + ", sha256 " + s.candidate.Checksum,
			},
		})
	}

	// The versions are meant to differ, and a description is for people.
	serving.Version, serving.Description = "", ""
	candidate.Version, candidate.Description = "", ""
	found = append(found, s.declared("declaration", serving, candidate)...)
	return append(found, s.declared("account", s.serving.account, s.candidate.account)...)
}

func (s *stage) declared(group string, serving, candidate any) (found []Difference) {
	want, _ := json.Marshal(serving) // types of the sdk always marshal
	got, _ := json.Marshal(candidate)
	for _, difference := range golden.CompareJSON(group, want, got) {
		found = append(found, Difference{
			Class: group + "." + fieldOf(difference.Place),
			Place: difference.Place,
			Example: Example{
				Serving:   s.shown(difference.Want),
				Candidate: s.shown(difference.Got),
			},
		})
	}
	return found
}

func (s *stage) shown(text string) string { return shown(s.mask, text) }

// shown returns the beginning of a text for the report, without secrets.
func shown(mask *redact.Set, text string) string {
	const most = 200
	text = mask.Text(token.Mask(text))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// outcomeOf returns how a call ended, as attempts have it.
func outcomeOf(failure *sdk.Error) string {
	if failure == nil {
		return "ok"
	}
	return string(failure.Outcome)
}
