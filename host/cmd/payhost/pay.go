package main

import (
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

func (a *app) payCommand() *cobra.Command {
	d := &draft{}
	c := &cobra.Command{
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
	d.field(c, "provider", "provider", "the provider's `name` in config.toml")
	d.field(c, "amount", "amount", "the `amount`: digits with at most one point, such as 60.00")
	d.field(c, "currency", "currency", "upper-case `code`, such as USD")
	d.field(c, "reference", "merchant_reference", "your own `reference`")
	d.field(c, "description", "description", "what is paid for")
	d.field(c, "method", "method", "a payment method's `id` (payhost methods NAME)")
	d.field(c, "country", "country", "the customer's country, two letters")
	d.field(c, "language", "language", "the customer's language")
	d.field(c, "customer-id", "customer.id", "the customer's id with you")
	d.field(c, "customer-email", "customer.email", "the customer's e-mail address")
	d.field(c, "customer-phone", "customer.phone", "the customer's phone number")
	d.field(c, "customer-first-name", "customer.first_name", "the customer's first name")
	d.field(c, "customer-last-name", "customer.last_name", "the customer's last name")
	d.field(c, "customer-ip", "customer.ip", "the customer's address on the Internet")
	d.field(c, "success-url", "success_url", "where the customer is sent after paying")
	d.field(c, "cancel-url", "cancel_url", "where the customer is sent otherwise")
	d.field(c, "expires-at", "expires_at", "when it ends if nobody pays, such as 2026-12-01T00:00:00Z")
	d.rest(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		body, err := d.body(c, a.in, "provider", "amount", "currency")
		if err != nil {
			return err
		}
		return a.createPayment(c, body, d.key)
	}
	return c
}

func (a *app) createPayment(c *cobra.Command, body []byte, key string) error {
	ctx, stop := interruptible(c)
	defer stop()
	got, err := a.ask(ctx, request{method: http.MethodPost, path: "/v1/payments", body: body, key: key, moves: true, what: "pay"})
	if err != nil {
		return err
	}
	var p payment.Payment
	if err := read(got.body, &p); err != nil {
		return err
	}
	a.noteReplay(got)
	failed := whatFailed("payment", p.ID, p.Provider, p.Status, p.Failure)
	if a.json {
		a.printJSON(got.body)
	} else {
		a.showPayment(&p, view{failed: failed != nil})
	}
	return failed
}

func (a *app) payoutCommand() *cobra.Command {
	d := &draft{}
	c := &cobra.Command{
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
	d.field(c, "provider", "provider", "the provider's `name` in config.toml")
	d.field(c, "amount", "amount", "the `amount`: digits with at most one point, such as 25.00")
	d.field(c, "currency", "currency", "upper-case `code`, such as USD")
	d.field(c, "reference", "merchant_reference", "your own `reference`")
	d.field(c, "description", "description", "what is paid for")
	d.field(c, "method", "method", "a way of paying out, where the provider has several")
	d.field(c, "recipient-id", "recipient.id", "the recipient's id at the provider")
	d.field(c, "recipient-name", "recipient.name", "the recipient's name")
	d.field(c, "recipient-email", "recipient.email", "the recipient's e-mail address")
	d.field(c, "recipient-phone", "recipient.phone", "the recipient's phone number")
	d.field(c, "recipient-account-number", "recipient.account_number", "the recipient's account or wallet")
	d.field(c, "recipient-iban", "recipient.iban", "the recipient's IBAN")
	d.rest(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		body, err := d.body(c, a.in, "provider", "amount", "currency")
		if err != nil {
			return err
		}
		return a.createPayout(c, body, d.key)
	}
	return c
}

func (a *app) createPayout(c *cobra.Command, body []byte, key string) error {
	ctx, stop := interruptible(c)
	defer stop()
	got, err := a.ask(ctx, request{method: http.MethodPost, path: "/v1/payouts", body: body, key: key, moves: true, what: "payout"})
	if err != nil {
		return err
	}
	var p payment.Payout
	if err := read(got.body, &p); err != nil {
		return err
	}
	a.noteReplay(got)
	failed := whatFailed("payout", p.ID, p.Provider, p.Status, p.Failure)
	if a.json {
		a.printJSON(got.body)
	} else {
		a.showPayout(&p, view{failed: failed != nil})
	}
	return failed
}

// noteReplay tells that nothing new was made.
func (a *app) noteReplay(got *answer) {
	if got.replayed {
		a.note("this request was made before under this key; nothing was done again")
	}
}
