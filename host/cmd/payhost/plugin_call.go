package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// movingVerbs are the verbs that can move money, or ask the customer for it.
// They carry an idempotency key.
var movingVerbs = []string{
	"create_payment",
	"confirm_payment",
	"capture_payment",
	"cancel_payment",
	"create_refund",
	"create_payout",
}

// creatingVerbs are the moving verbs that make something new, under a reference
// and a sequence number.
var creatingVerbs = []string{"create_payment", "create_refund", "create_payout"}

type pluginCallOptions struct {
	account, key string
	record       string
	overwrite    bool
}

func (a *app) pluginCallCommand() *cobra.Command {
	var options pluginCallOptions
	command := &cobra.Command{
		Use:   "call FILE VERB [JSON]",
		Short: "Make one call to a plugin's file, without a host",
		Long: `Make one call to a plugin's file, without a host. The plugin is started, gets the
configuration of an account from config.toml, is called once and stopped.

VERB is a verb of the contract, such as get_payment. JSON is its request, with the
contract's field names; - reads it from standard input. For a verb that makes
something, a missing reference, sequence or attempt is filled in.

The call can move money, and no host will have a record of it.

With --record, the plugin's requests to its provider and the answers are kept in a
file, secrets masked, also for a call that failed. A test of the plugin can replay
the file in place of the provider: see package sdk/conformance/golden.`,
		Example: `  payhost plugin call bin/plugins/acme get_info
  payhost plugin call bin/plugins/acme get_balances --account acme
  payhost plugin call bin/plugins/acme create_payment '{"amount": {"amount": "60.00", "currency": "USD"}}' --idempotency-key try-1
  payhost plugin call bin/plugins/acme get_balances --account acme --record testdata/get_balances.json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 3 {
				return arguments("FILE", "VERB", "JSON")(c, args)
			}
			return arguments("FILE", "VERB")(c, args)
		},
	}

	command.Flags().
		StringVar(&options.account, "account", "", "the `name` of the account whose configuration it gets (default: the only account with this plugin)")
	command.Flags().
		StringVar(&options.key, "idempotency-key", "", "the idempotency `key` that the provider gets (required where money can move)")
	command.Flags().
		StringVar(&options.record, "record", "", "keep the requests to the provider and its answers in a new `file`")
	command.Flags().
		BoolVar(&options.overwrite, "overwrite", false, "replace the file of --record if it exists")

	command.RunE = func(cmd *cobra.Command, args []string) error {
		request := []byte("{}")
		if len(args) == 3 {
			request = []byte(args[2])
		}
		if string(request) == "-" {
			var err error
			if request, err = readJSON("-", a.in); err != nil {
				return err
			}
		}

		ctx, stop := interruptible(cmd)
		defer stop()
		return a.pluginCall(ctx, args[0], args[1], request, options)
	}

	return command
}

func (a *app) pluginCall(
	ctx context.Context,
	file, verb string,
	request []byte,
	options pluginCallOptions,
) error {
	fields, err := objectOf(request)
	if err != nil {
		return err
	}
	moves := slices.Contains(movingVerbs, verb)
	if moves && options.key == "" {
		return wrongUsage("%s can move money: --idempotency-key is required", verb)
	}

	// get_info is the only verb without an account.
	call := host.PluginCall{File: file, Verb: verb, Request: request}
	if moves {
		call.Request = completed(verb, fields, options.key)
	}

	if verb != "get_info" {
		account, err := a.accountFor(file, options.account, "account")
		if err != nil {
			return err
		}
		call.Account = account
	}

	// The record's file has to be writable before anything is called.
	record, err := a.newRecord(options.record, options.overwrite)
	if err != nil {
		return err
	}
	defer record.drop()

	// A failed call is recorded too, and its own error is the one to report.
	ctx, log := sdk.WithExchangeLog(ctx)
	answer, err := host.CallPlugin(ctx, call)
	kept := record.keep(call, answer, err, log.Exchanges())
	if err == nil {
		a.printJSON(answer)
		return kept
	}

	if kept != nil {
		a.complain(kept.Error())
	}

	return callTrouble(file, verb, options.key, moves, err)
}

// objectOf decodes a JSON object and keeps its numbers digit by digit.
func objectOf(text []byte) (fields map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil || fields == nil || d.More() {
		return nil, wrongUsage("the request is not a JSON object")
	}
	return fields, nil
}

// completed fills in the fields that a host would set. The reference follows
// from the key, so that a second call with the same key repeats the first.
func completed(verb string, fields map[string]any, key string) []byte {
	fill := func(name string, value any) {
		if _, there := fields[name]; !there {
			fields[name] = value
		}
	}

	fields["idempotency_key"] = key
	fill("attempt", 1)
	if slices.Contains(creatingVerbs, verb) {
		sum := sha256.Sum256([]byte(key))
		fill("reference", "call_"+hex.EncodeToString(sum[:12]))
		fill("sequence", 1)
	}

	text, _ := json.Marshal(fields) // it was decoded from JSON
	return text
}

// accountFor returns the account with this name, or the only account with the
// file's plugin.
func (a *app) accountFor(file, name, flag string) (*config.Provider, error) {
	cfg, err := host.LoadConfig(a.config)
	if err != nil {
		return nil, a.refuseConfig(err)
	}

	// The file's name is the plugin's, with or without a version.
	plugin, _, _ := strings.Cut(filepath.Base(file), "@")
	var found []string

	for i, p := range cfg.Providers {
		if p.Name == name {
			return &cfg.Providers[i], nil
		}
		if p.Plugin == plugin {
			found = append(found, p.Name)
		}
	}

	switch {
	case name != "":
		return nil, wrongUsage("%s has no account %q", a.config, name)
	case len(found) == 1:
		return a.accountFor(file, found[0], flag)
	case len(found) == 0:
		return nil, wrongUsage(
			"%s has no account with the plugin %s; name another with --%s",
			a.config,
			plugin,
			flag,
		)
	}

	return nil, wrongUsage(
		"%s has several accounts with the plugin %s: name one with --%s (%s)",
		a.config,
		plugin,
		flag,
		strings.Join(found, ", "),
	)
}

// callTrouble returns the error of a failed call, worded as in other commands.
func callTrouble(file, verb, key string, moves bool, err error) error {
	var e *sdk.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("plugin call %s: %w", file, err)
	}

	// A plugin's error may lack a code or an outcome; AsError fills them in.
	e = sdk.AsError(e)
	failed := &trouble{what: fmt.Sprintf("plugin call %s: %s", verb, e.Message)}
	for _, v := range e.Violations {
		failed.fact("wrong", "%s %s", v.Field, v.Message)
	}

	failed.fact("code", "%s", string(e.Code))
	failed.fact("outcome", "%s", string(e.Outcome))
	failed.fact(
		"provider said",
		"%s",
		strings.TrimSpace(e.ProviderCode+" "+e.ProviderMessage),
	)
	if moves && e.Outcome == sdk.OutcomeUnknown {
		failed.fact(
			"money",
			"may have moved: look it up at the provider; the same --idempotency-key %q names the same intent",
			key,
		)
	}

	return failed
}
