package main

import (
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// eraseCommand erases a person.
func (a *app) eraseCommand() *cobra.Command {
	var customer string
	command := &cobra.Command{
		Use:   "erase --customer ID",
		Short: "Erase what the records say of a person",
		Long: `Erase what requests, exchanges, webhooks, events and histories say of the person whom
requests name by this id, as customer or recipient. Amounts, statuses, references, hashes
and keys stay. It cannot be taken back.

While a payment, payout or refund of the person is open nothing is erased, and each is
named. Backups that were made before still have everything: erase again after one was
restored.`,
		Example: "  payhost erase --customer 4711",
		Args:    cobra.NoArgs,
	}

	command.Flags().StringVar(&customer, "customer", "", "the id of the customer or recipient (required)")
	require(command, "customer")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodPost,
			path:   "/v1/erasures",
			what:   "erase a person",
			body:   object("customer", customer),
		}
		return a.one(cmd, call, func(answer []byte) error {
			var done payment.Erasure
			if err := read(answer, &done); err != nil {
				return err
			}
			a.note("erased: %d payments, payouts and refunds; %d webhooks", done.Records, done.Webhooks)
			return nil
		})
	}

	return command
}
