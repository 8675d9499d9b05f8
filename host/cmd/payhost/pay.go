package main

import (
	"encoding/json"
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// payCommand makes a payment. It checks only that the required fields are
// there; the host judges everything else.
func (a *app) payCommand() *cobra.Command {
	d := &draft{}
	command := &cobra.Command{
		Use:   "pay --provider NAME --amount AMOUNT --currency CODE --idempotency-key KEY",
		Short: "Make a payment, and print the customer's next step",
		Long: `Make a payment, and print the customer's next step.

The same --idempotency-key with the same request never makes a second payment: it
prints the first one in its present state. A payment that failed, or whose result is
not known, is printed too; the exit status is then 1.`,
		Example: `  payhost pay --provider acme --amount 60.00 --currency USD --reference order-47 --idempotency-key order-47
  payhost pay --file request.json --idempotency-key order-47
  echo '{"provider": "acme", "amount": "5", "currency": "EUR"}' | payhost pay --file - --idempotency-key order-48`,
		Args: cobra.NoArgs,
	}

	d.field(command, "provider", "provider", "the provider's `name` in config.toml")
	d.field(
		command,
		"amount",
		"amount",
		"the `amount`: digits with at most one point, such as 60.00",
	)
	d.field(
		command,
		"currency",
		"currency",
		"the currency's `code` in upper case, such as USD",
	)

	// Everything below is optional.
	d.field(command, "reference", "merchant_reference", "your own `reference` for it")
	d.field(command, "description", "description", "what the money is for")
	d.field(command, "method", "method", "a payment method's `id` (payhost methods NAME)")
	d.field(command, "country", "country", "the customer's country, two letters")
	d.field(command, "language", "language", "the customer's language")
	d.field(command, "customer-id", "customer.id", "the customer's id in your system")
	d.field(command, "customer-email", "customer.email", "the customer's e-mail address")

	d.field(command, "customer-phone", "customer.phone", "the customer's phone number")

	d.field(
		command,
		"customer-first-name",
		"customer.first_name",
		"the customer's first name",
	)
	d.field(command, "customer-last-name", "customer.last_name", "the customer's last name")
	d.field(command, "customer-ip", "customer.ip", "the customer's address on the Internet")

	d.field(
		command,
		"success-url",
		"success_url",
		"the page for the customer after the payment",
	)
	d.field(
		command,
		"cancel-url",
		"cancel_url",
		"the page for the customer when the payment fails or is canceled",
	)

	d.field(
		command,
		"expires-at",
		"expires_at",
		"when an unpaid payment expires, such as 2026-12-01T00:00:00Z",
	)

	d.rest(command)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		body, err := d.body(cmd, a.in, "provider", "amount", "currency")
		if err != nil {
			return err
		}

		return made(
			a,
			cmd,
			request{path: "/v1/payments", body: body, key: d.key, what: "pay"},
			a.showPayment,
			func(p *payment.Payment) error { return failureOf("payment", p.ID, p.Provider, p.Status, p.Failure) },
		)
	}

	return command
}

// payoutCommand makes a payout, as payCommand makes a payment.
func (a *app) payoutCommand() *cobra.Command {
	d := &draft{}
	command := &cobra.Command{
		Use:   "payout --provider NAME --amount AMOUNT --currency CODE --idempotency-key KEY",
		Short: "Send money to a recipient",
		Long: `Send money to a recipient.

The same --idempotency-key with the same request never makes a second payout: it
prints the first one in its present state. A payout that failed, or whose result is
not known, is printed too; the exit status is then 1.`,
		Example: `  payhost payout --provider acme --amount 25.00 --currency USD --recipient-id u-17 --idempotency-key payout-9
  payhost payout --file request.json --idempotency-key payout-9`,
		Args: cobra.NoArgs,
	}

	d.field(command, "provider", "provider", "the provider's `name` in config.toml")
	d.field(
		command,
		"amount",
		"amount",
		"the `amount`: digits with at most one point, such as 25.00",
	)
	d.field(
		command,
		"currency",
		"currency",
		"the currency's `code` in upper case, such as USD",
	)

	// Everything below is optional, unless the provider requires it.
	d.field(command, "reference", "merchant_reference", "your own `reference` for it")
	d.field(command, "description", "description", "what the money is for")
	d.field(
		command,
		"method",
		"method",
		"the way to pay out, where the provider has several",
	)

	d.field(command, "recipient-id", "recipient.id", "the recipient's id at the provider")
	d.field(command, "recipient-name", "recipient.name", "the recipient's name")
	d.field(command, "recipient-email", "recipient.email", "the recipient's e-mail address")
	d.field(command, "recipient-phone", "recipient.phone", "the recipient's phone number")
	d.field(
		command,
		"recipient-account-number",
		"recipient.account_number",
		"the recipient's account or wallet",
	)

	d.field(command, "recipient-iban", "recipient.iban", "the recipient's IBAN")
	d.rest(command)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		body, err := d.body(cmd, a.in, "provider", "amount", "currency")
		if err != nil {
			return err
		}

		return made(
			a,
			cmd,
			request{path: "/v1/payouts", body: body, key: d.key, what: "payout"},
			a.showPayout,
			func(p *payment.Payout) error { return failureOf("payout", p.ID, p.Provider, p.Status, p.Failure) },
		)
	}

	return command
}

// made creates something at the host and prints it. The error says that it has
// failed, or that its result is not known.
func made[T any](
	a *app,
	c *cobra.Command,
	call request,
	show func(*T, view),
	failed func(*T) error,
) error {
	ctx, stop := interruptible(c)
	defer stop()
	call.method, call.moves = http.MethodPost, true
	var about struct{ Provider string }
	_ = json.Unmarshal(call.body, &about) // for error texts; the host judges the request
	call.provider = about.Provider
	got, err := a.ask(ctx, call)
	if err != nil {
		return err
	}

	if a.json {
		a.printJSON(got.body)
	}
	a.noteReplay(got)
	one := new(T)
	if err := read(got.body, one); err != nil {
		return err
	}

	// A failed record is printed as well; the failure itself is told on the
	// error output.
	failure := failed(one)
	if !a.json {
		show(one, view{failed: failure != nil})
	}

	return failure
}

// noteReplay says that the request had been made before.
func (a *app) noteReplay(got *answer) {
	if got.replayed {
		a.note("this request was made before with this key; nothing was done again")
	}
}
