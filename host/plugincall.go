package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
)

// PluginCall is one call to a plugin's file, without a host: for authors, and for
// finding a fault.
type PluginCall struct {
	// File is the plugin's program, <plugin> or <plugin>@<version>.
	File string
	// Account has the configuration that the plugin gets; nil for a verb that needs
	// none, such as get_info.
	Account *config.Provider
	// Verb is the verb's name in snake case, such as "create_payment", and Request
	// the JSON of its request message; see client.Account.Call.
	Verb    string
	Request json.RawMessage
}

// CallPlugin starts the plugin as a host would, in a temporary folder of its own,
// configures the account, makes the call and stops the plugin again. The account's
// timeout bounds the call, and its sha256 and payhost.lock say which program may
// have its secrets. Nothing is recorded: a caller who moves money with it must
// keep the record himself. Of the options only WithLogger counts.
//
// Errors of the plugin are *sdk.Error. What it said to its provider goes, masked,
// to the log of sdk.WithExchangeLog, also when the call fails.
func CallPlugin(ctx context.Context, c PluginCall, opts ...Option) (json.RawMessage, error) {
	binary, workspace, done, err := plugin.FindFile(c.File)
	if err != nil {
		return nil, err
	}
	defer done()
	mask := &redact.Set{}
	timeout := describeTimeout
	if c.Account != nil {
		mask.Add(redact.Reveal(c.Account.Secrets)...)
		timeout = c.Account.Timeout
		if err := c.Account.Allows(binary.Path, binary.Checksum); err != nil {
			return nil, err
		}
	}

	process, err := plugin.Start(ctx, plugin.Spec{
		Binary:    binary,
		Workspace: workspace,
		Mask:      mask,
		Logger:    ofOpen(opts).logger,
	})
	if err != nil {
		return nil, errors.New(mask.Text(err.Error()))
	}
	defer process.Stop(checkStop)

	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	account := "call"
	if c.Account != nil {
		account = c.Account.Name
		if _, err := process.Client().Configure(ctx, account, c.Account.Config); err != nil {
			return nil, fmt.Errorf("the plugin does not take the configuration of %s: %w", account, err)
		}
	}

	// The plugin masks its own secrets, but this may be one that does not.
	logged, log := sdk.WithExchangeLog(ctx)
	answer, err := process.Client().Account(account).Call(logged, c.Verb, c.Request)
	for _, exchange := range log.Exchanges() {
		sdk.RecordExchange(ctx, maskedExchange(mask, exchange))
	}
	if e := sdk.AsError(err); e != nil {
		return nil, maskedError(mask, e)
	}
	return mask.JSON(answer), nil
}

func maskedExchange(mask *redact.Set, e sdk.Exchange) sdk.Exchange {
	e.URL = mask.Text(e.URL)
	e.RequestBody = mask.Text(e.RequestBody)
	e.ResponseBody = mask.Text(e.ResponseBody)
	e.Error = mask.Text(e.Error)
	return e
}

func maskedError(mask *redact.Set, e *sdk.Error) *sdk.Error {
	e.Message = mask.Text(e.Message)
	e.ProviderCode = mask.Text(e.ProviderCode)
	e.ProviderMessage = mask.Text(e.ProviderMessage)
	for i := range e.Violations {
		e.Violations[i].Message = mask.Text(e.Violations[i].Message)
	}
	return e
}

// describeTimeout bounds a call that is for no account.
const describeTimeout = 15 * time.Second

// PluginDescription is what a program has said of itself.
type PluginDescription struct {
	// Text is what it printed, JSON if it is a plugin. None of it has been
	// proven.
	Text []byte
	// Checksum is the sha256 of the program that ran, in lower-case hex.
	Checksum string
}

// DescribePlugin runs a program of any name with the argument "describe" and
// returns what it prints. The program need not be trusted: it is confined as a
// host confines a plugin, works in a temporary folder, and nothing of it is left
// afterwards. It may take 10 s and print 4 MiB; beyond that, and when it fails,
// there is an error.
func DescribePlugin(ctx context.Context, file string) (PluginDescription, error) {
	said, err := plugin.Describe(ctx, file)
	return PluginDescription{Text: said.Text, Checksum: said.Checksum}, err
}
