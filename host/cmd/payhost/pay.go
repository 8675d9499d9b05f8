package main

import (
	"encoding/json"
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// payCommand checks of the request only what can be told without the host: that
// what is required is there.
func (a *app) payCommand() *cobra.Command {
	d := &draft{}
	command := &cobra.Command{
		Use:   "pay --provider NAME --amount AMOUNT --currency CODE --idempotency-key KEY",
		Short: "Make a payment, and print what the customer is to do",
		Long: `Make a payment, and print what the customer is to do.

The same --idempotency-key with the same request gives the same payment as it is
now, and never makes a second one. A payment that failed, or of which nobody knows
what became of it, is printed all the same; the exit status is then 1.`,
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
	d.field(command, "currency", "currency", "upper-case `code`, such as USD")

	d.field(command, "reference", "merchant_reference", "your own `reference`")
	d.field(command, "description", "description", "what is paid for")
	d.field(command, "method", "method", "a payment method's `id` (payhost methods NAME)")
	d.field(command, "country", "country", "the customer's country, two letters")
	d.field(command, "language", "language", "the customer's language")
	d.field(command, "customer-id", "customer.id", "the customer's id with you")
	d.field(command, "customer-email", "customer.email", "the customer's e-mail address")
	d.field(command, "customer-phone", "customer.phone", "the customer's phone number")

	d.field(command, "customer-first-name", "customer.first_name", "the customer's first name")
	d.field(command, "customer-last-name", "customer.last_name", "the customer's last name")
	d.field(command, "customer-ip", "customer.ip", "the customer's address on the Internet")
	d.field(command, "success-url", "success_url", "where the customer is sent after paying")
	d.field(command, "cancel-url", "cancel_url", "where the customer is sent otherwise")
	d.field(
		command,
		"expires-at",
		"expires_at",
		"when it ends if nobody pays, such as 2026-12-01T00:00:00Z",
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
			func(p *payment.Payment) error { return whatFailed("payment", p.ID, p.Provider, p.Status, p.Failure) },
		)
	}

	return command
}

// payoutCommand is payCommand for payouts.
func (a *app) payoutCommand() *cobra.Command {
	d := &draft{}
	command := &cobra.Command{
		Use:   "payout --provider NAME --amount AMOUNT --currency CODE --idempotency-key KEY",
		Short: "Send money to somebody",
		Long: `Send money to somebody.

The same --idempotency-key with the same request gives the same payout as it is now,
and never makes a second one. A payout that failed, or of which nobody knows what
became of it, is printed all the same; the exit status is then 1.`,
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
	d.field(command, "currency", "currency", "upper-case `code`, such as USD")

	d.field(command, "reference", "merchant_reference", "your own `reference`")
	d.field(command, "description", "description", "what is paid for")
	d.field(command, "method", "method", "a way of paying out, where the provider has several")
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
			func(p *payment.Payout) error { return whatFailed("payout", p.ID, p.Provider, p.Status, p.Failure) },
		)
	}

	return command
}

// made asks for something new and prints it; the error says that it has failed,
// or that nobody knows.
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
	_ = json.Unmarshal(call.body, &about) // for errors; the host judges the request
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

	failure := failed(one)
	if !a.json {
		show(one, view{failed: failure != nil})
	}

	return failure
}

// noteReplay tells that nothing new was made.
func (a *app) noteReplay(got *answer) {
	if got.replayed {
		a.note("this request was made before under this key; nothing was done again")
	}
}
