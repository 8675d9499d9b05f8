package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/spf13/cobra"
)

// confirmCommand passes on the values that next_action asked the customer for,
// under the names that next_action gives them.
func (a *app) confirmCommand() *cobra.Command {
	var fields, attachments []string
	var key string
	command := &cobra.Command{
		Use:   "confirm ID --idempotency-key KEY",
		Short: "Pass on what the customer sent back",
		Example: `  payhost payments confirm pay_06dq8z5k3c --field transaction_id=8841 --idempotency-key confirm-47
  payhost payments confirm pay_06dq8z5k3c --field amount=60.00 --attach screenshot=slip.png --idempotency-key confirm-47`,
		Args: arguments("ID"),
	}

	command.Flags().
		StringArrayVar(&fields, "field", nil, "what the customer filled in, `name=value`; may be repeated")
	command.Flags().
		StringArrayVar(&attachments, "attach", nil, "a file of the customer's, `name=file`; may be repeated")
	keyFlag(command, &key)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		values, err := pairs("field", fields)
		if err != nil {
			return err
		}
		files, err := pairs("attach", attachments)
		if err != nil {
			return err
		}

		// Files and fields share one request; at least one of them is needed.
		if len(values)+len(files) == 0 {
			return wrongUsage("nothing to pass on: use --field or --attach")
		}
		call := request{
			path: recordPath("payments", args[0], "confirm"),
			key:  key,
			what: "confirm " + args[0],
		}
		if call.body, call.contentType, err = confirmation(values, files); err != nil {
			return err
		}

		return a.changePayment(cmd, call)
	}

	return command
}

// confirmation returns the fields as JSON, or as a multipart form when there
// are files.
func confirmation(
	fields, files map[string]string,
) (body []byte, contentType string, err error) {
	if len(files) == 0 {
		// Without files JSON is enough.
		body, err = json.Marshal(map[string]any{"fields": fields})
		return body, "", err
	}

	// Files need a form; the fields then become parts of it.
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)

	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			return nil, "", err
		}
	}

	for name, file := range files {
		if err := attach(form, name, file); err != nil {
			return nil, "", err
		}
	}

	err = form.Close()
	return buffer.Bytes(), form.FormDataContentType(), err
}

// attach adds a file to a form. Its content type follows from the file's name,
// or else from its content.
func attach(form *multipart.Writer, name, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read from

	content, err := io.ReadAll(io.LimitReader(f, sdk.MaxAttachment+1))
	if err != nil {
		return err
	}
	if len(content) > sdk.MaxAttachment {
		return fmt.Errorf("%s is larger than %d MiB", file, sdk.MaxAttachment>>20)
	}

	// The name says what the customer's program took the file for.
	kind := mime.TypeByExtension(filepath.Ext(file))
	if kind == "" {
		kind = http.DetectContentType(content)
	}

	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {
			multipart.FileContentDisposition(name, filepath.Base(file)),
		},
		"Content-Type": {kind},
	})
	if err != nil {
		return err
	}

	_, err = part.Write(content)
	return err
}

// captureCommand captures the whole payment when no amount is given.
func (a *app) captureCommand() *cobra.Command {
	var amount, key string
	command := &cobra.Command{
		Use:   "capture ID --idempotency-key KEY",
		Short: "Take the money of an authorized payment",
		Example: `  payhost payments capture pay_06dq8z5k3c --idempotency-key capture-47
  payhost payments capture pay_06dq8z5k3c --amount 20.00 --idempotency-key capture-47`,
		Args: arguments("ID"),
	}

	command.Flags().StringVar(&amount, "amount", "", "not all of it, but this `amount`")
	keyFlag(command, &key)
	command.RunE = func(c *cobra.Command, args []string) error {
		return a.changePayment(c, request{
			path: recordPath("payments", args[0], "capture"),
			key:  key,
			what: "capture " + args[0],
			body: object("amount", amount),
		})
	}

	return command
}

// cancelCommand asks the provider to cancel a payment. A payment that the
// provider does not cancel stays as it was.
func (a *app) cancelCommand() *cobra.Command {
	var reason, key string
	command := &cobra.Command{
		Use:     "cancel ID --idempotency-key KEY",
		Short:   "Cancel a payment that has not succeeded",
		Example: "  payhost payments cancel pay_06dq8z5k3c --reason \"out of stock\" --idempotency-key cancel-47",
		Args:    arguments("ID"),
	}
	command.Flags().StringVar(&reason, "reason", "", "why, for the history")

	keyFlag(command, &key)
	command.RunE = func(c *cobra.Command, args []string) error {
		return a.changePayment(c, request{
			path: recordPath("payments", args[0], "cancel"),
			key:  key,
			what: "cancel " + args[0],
			body: object("reason", reason),
		})
	}

	return command
}

// changePayment makes a request that changes a payment, and shows the payment.
func (a *app) changePayment(c *cobra.Command, r request) error {
	if err := checkKey(r.key); err != nil {
		return err
	}
	r.method, r.moves = http.MethodPost, true
	return a.one(c, r, func(body []byte) error { return payments.show(a, body, view{}) })
}

// refundCommand refunds the whole payment when no amount is given.
func (a *app) refundCommand() *cobra.Command {
	var amount, reason, key string
	command := &cobra.Command{
		Use:   "refund ID --idempotency-key KEY",
		Short: "Give back the money of a payment, all of it or a part",
		Example: `  payhost payments refund pay_06dq8z5k3c --idempotency-key refund-47
  payhost payments refund pay_06dq8z5k3c --amount 20.00 --reason "one of three returned" --idempotency-key refund-47`,
		Args: arguments("ID"),
	}

	command.Flags().StringVar(&amount, "amount", "", "not all of it, but this `amount`")
	command.Flags().StringVar(&reason, "reason", "", "why, for the provider and the record")
	keyFlag(command, &key)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkKey(key); err != nil {
			return err
		}
		call := request{
			path: recordPath("payments", args[0], "refunds"),
			key:  key,
			what: "refund " + args[0],
			body: object("amount", amount, "reason", reason),
		}

		// A refund is a record of its own, so it is made like a payment.
		return made(
			a,
			cmd,
			call,
			a.showRefund,
			func(p *payment.Refund) error { return failureOf("refund", p.ID, p.Provider, p.Status, p.Failure) },
		)
	}

	return command
}

// refundsCommand also lists refunds that the provider started itself.
func (a *app) refundsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "refunds ID",
		Short:   "List the refunds of a payment",
		Example: "  payhost payments refunds pay_06dq8z5k3c",
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := request{
				method: http.MethodGet,
				path:   recordPath("payments", args[0], "refunds"),
				what:   "refunds of " + args[0],
			}
			return a.list(cmd, r, (*app).refundTable)
		},
	}
}

// showRefunds prints the refunds of a payment below it, if it has any.
func (a *app) showRefunds(cmd *cobra.Command, id string) error {
	ctx, stop := interruptible(cmd)
	defer stop()
	got, err := a.ask(ctx, request{
		method: http.MethodGet,
		path:   recordPath("payments", id, "refunds"),
		what:   "refunds of " + id,
	})
	if err != nil {
		return err
	}

	ids, _, err := pageIDs(got.body)
	if err != nil || len(ids) == 0 {
		return err
	}
	a.heading("refunds")
	_, err = a.refundTable(got.body)
	return err
}

func (a *app) refundTable(body []byte) (next string, err error) {
	var page struct {
		Data []payment.Refund `json:"data"`
		Next string           `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	rows := a.table(
		"REFUND",
		"CREATED "+a.zone(),
		"STATUS",
		"AMOUNT",
		"REASON",
		"PROVIDER REFERENCE",
		"FAILURE",
	)

	for _, row := range page.Data {
		// A refund's failure has the reason in words.
		why := ""
		if row.Failure != nil {
			why = row.Failure.Message
		}

		rows.row(
			row.ID,
			clock(row.CreatedAt),
			string(row.Status),
			row.Amount.String()+" "+row.Currency,
			row.Reason,
			row.ProviderReference,
			why,
		)
	}

	rows.print()
	return page.Next, nil
}

// resolveRecord needs no key. No provider is called and no money moves: it
// records the result that an operator has found out.
func (a *app) resolveRecord(kind recordKind) *cobra.Command {
	var status, reason, reference string
	command := &cobra.Command{
		Use:   "resolve ID --status STATUS --reason TEXT",
		Short: "Decide the result of a " + kind.one + ", when nothing else can show it",
		Long: "Decide the result of a " + kind.one + ", when nothing else can show it.\n\n" +
			"Look it up in the provider's back office first. The decision and its reason are kept\nin the history of the " + kind.one + ". A decision that was wrong is corrected by another one.",
		Example: "  payhost " + kind.name + " resolve " + kind.example + " --status succeeded --reason \"settlement report of May 3, line 12\"",
		Args:    arguments("ID"),
	}

	command.Flags().
		StringVar(&status, "status", "", "the new `status`: "+kind.statuses+" (required)")
	command.Flags().StringVar(&reason, "reason", "", "how you know (required)")
	command.Flags().
		StringVar(&reference, "provider-reference", "", "the provider's `reference`, where it was not known")
	require(command, "status", "reason")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		call := request{
			method: http.MethodPost,
			path:   recordPath(kind.of(args[0]).name, args[0], "resolve"),
			what:   "resolve " + args[0],
			body: object(
				"status",
				status,
				"reason",
				reason,
				"provider_reference",
				reference,
			),
		}

		return a.one(
			cmd,
			call,
			func(body []byte) error { return kind.of(args[0]).show(a, body, view{}) },
		)
	}

	return command
}

// object returns a JSON object of names and values, without the empty values.
func object(pairs ...string) []byte {
	m := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			m[pairs[i]] = pairs[i+1]
		}
	}
	text, _ := json.Marshal(m) // a map of strings always can be encoded
	return text
}
