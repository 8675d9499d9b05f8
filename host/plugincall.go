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

// PluginCall is one call to a plugin's file, without a host: for authors, and
// for finding a fault.
type PluginCall struct {
	// File is the plugin's program, <plugin> or <plugin>@<version>.
	File string
	// Account has the configuration that the plugin gets; nil for a verb that
	// needs none, such as get_info.
	Account *config.Provider
	// Verb is the verb's name in snake case, such as "create_payment", and
	// Request the JSON of its request message; see client.Account.Call.
	Verb    string
	Request json.RawMessage
}

// CallPlugin starts the plugin as a host would, in a temporary folder of its
// own, configures the account, makes the call and stops the plugin again. The
// account's timeout bounds the call, and its sha256 and payhost.lock say which
// program may have its secrets. Nothing is recorded: a caller who moves money
// with it must keep the record himself. Only the option WithLogger counts.
//
// Errors of the plugin are *sdk.Error. Its exchanges with the provider go, masked,
// to the log of sdk.WithExchangeLog, also when the call fails.
func CallPlugin(ctx context.Context, call PluginCall, opts ...Option) (json.RawMessage, error) {
	binary, workspace, done, err := plugin.FindFile(call.File)
	if err != nil {
		return nil, err
	}
	defer done()

	// The operator has said which program may have the account's secrets.
	mask := &redact.Set{}
	timeout := describeTimeout
	if call.Account != nil {
		mask.Add(redact.Reveal(call.Account.Secrets)...)
		timeout = call.Account.Timeout
		if err := call.Account.Allows(binary.Path, binary.Checksum); err != nil {
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

	// The timeout bounds both calls together.
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	account := "call"
	if call.Account != nil {
		account = call.Account.Name
		if _, err := process.Client().Configure(ctx, account, call.Account.Config); err != nil {
			return nil, fmt.Errorf(
				"the plugin does not take the configuration of %s: %w",
				account,
				err,
			)
		}
	}

	// The plugin masks its own secrets, but this may be one that does not.
	logged, log := sdk.WithExchangeLog(ctx)
	answer, err := process.Client().Account(account).Call(logged, call.Verb, call.Request)
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

func maskedError(mask *redact.Set, failed *sdk.Error) *sdk.Error {
	failed.Message = mask.Text(failed.Message)
	failed.ProviderCode = mask.Text(failed.ProviderCode)
	failed.ProviderMessage = mask.Text(failed.ProviderMessage)
	for i := range failed.Violations {
		failed.Violations[i].Message = mask.Text(failed.Violations[i].Message)
	}
	return failed
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
// host confines a plugin, works in a temporary folder, and nothing of it is
// left afterwards. It may take 10 s and print 4 MiB; beyond that, and when it
// fails, there is an error.
func DescribePlugin(ctx context.Context, file string) (PluginDescription, error) {
	said, err := plugin.Describe(ctx, file)
	return PluginDescription{Text: said.Text, Checksum: said.Checksum}, err
}
