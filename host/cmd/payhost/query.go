package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"
)

// amount returns a bound as text; "" when there is none.
func amount(d *decimal.Decimal) string {
	if d == nil {
		return ""
	}
	return payment.Amount{Decimal: *d}.String()
}

// methodsCommand has the host ask the provider at every run.
func (a *app) methodsCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "methods NAME",
		Short:   "List a provider's payment methods",
		Example: "  payhost methods acme\n  payhost methods acme --country DE --currency EUR --amount 60.00",
		Args:    arguments("NAME"),
	}
	filters := []filter{
		{"country", "country", "for customers in this country, two letters"},
		{"currency", "currency", "for this currency"},
		{"amount", "amount", "for this amount"},
		{"customer-id", "customer_id", "for the customer with this id"},
	}

	addFilters(command, filters)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		call := request{
			method:   http.MethodGet,
			path:     recordPath("providers", args[0], "payment-methods"),
			query:    queryOf(cmd, filters),
			what:     "payment methods of " + args[0],
			provider: args[0],
		}
		return a.list(cmd, call, (*app).methodTable)
	}

	return command
}

// methodTable leaves out logos and guides, which are for customers; --json has
// them. A "?" marks an optional field.
func (a *app) methodTable(body []byte) (next string, err error) {
	var page struct {
		Data []struct {
			ID       string           `json:"id"`
			Name     string           `json:"name"`
			Country  string           `json:"country"`
			Currency string           `json:"currency"`
			Min      *decimal.Decimal `json:"min"`
			Max      *decimal.Decimal `json:"max"`
			Flow     string           `json:"flow"`
			Fields   []struct {
				Name     string `json:"name"`
				Required bool   `json:"required"`
			} `json:"fields"`
		} `json:"data"`
		Next string `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	rows := a.table("METHOD", "NAME", "COUNTRY", "CURRENCY", "MIN", "MAX", "FLOW", "FIELDS")
	for _, row := range page.Data {
		// The fields are what the customer has to fill in for this method.
		var fields []string

		for _, f := range row.Fields {
			if !f.Required {
				f.Name += "?"
			}
			fields = append(fields, f.Name)
		}

		rows.row(
			row.ID,
			row.Name,
			row.Country,
			row.Currency,
			amount(row.Min),
			amount(row.Max),
			row.Flow,
			strings.Join(fields, " "),
		)
	}

	rows.print()
	return page.Next, nil
}

// balancesCommand has the host ask the provider at every run.
func (a *app) balancesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "balances NAME",
		Short:   "Ask the provider for an account's balances",
		Example: "  payhost balances acme",
		Args:    arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			call := request{
				method:   http.MethodGet,
				path:     recordPath("providers", args[0], "balances"),
				what:     "balances of " + args[0],
				provider: args[0],
			}
			return a.list(cmd, call, (*app).balanceTable)
		},
	}
}

func (a *app) balanceTable(body []byte) (next string, err error) {
	var page struct {
		Data []struct {
			Name     string         `json:"name"`
			Amount   payment.Amount `json:"amount"`
			Currency string         `json:"currency"`
		} `json:"data"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	t := a.table("WALLET", "BALANCE", "CURRENCY")
	for _, b := range page.Data {
		t.row(orElse(b.Name, "-"), b.Amount.String(), b.Currency)
	}
	t.print()

	return "", nil
}

// callCommand runs an operation. The host knows which operations move money;
// for those the key is required.
func (a *app) callCommand() *cobra.Command {
	var key string
	command := &cobra.Command{
		Use:   "call NAME OPERATION [JSON]",
		Short: "Run one of a provider's own operations",
		Long: `Run one of a provider's own operations.

"payhost providers show NAME" lists them; with --json it also shows their input and
output. JSON is the input; - reads it from standard input. The default is {}.`,
		Example: `  payhost call acme list_wallets
  payhost call acme exchange_rate '{"from": "USD", "to": "EUR"}'
  payhost call acme move_funds '{"to": "main", "amount": "5.00"}' --idempotency-key move-7`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 3 {
				return arguments("NAME", "OPERATION", "JSON")(c, args)
			}
			return arguments("NAME", "OPERATION")(c, args)
		},
	}

	command.Flags().
		StringVar(&key, "idempotency-key", "", "a `key` of your choice: the same key never moves money twice (required where money moves)")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		input := []byte("{}")
		if len(args) == 3 {
			input = []byte(args[2])
		}
		if string(input) == "-" {
			var err error
			if input, err = readJSON("-", a.in); err != nil {
				return err
			}
		}

		// The host would refuse it too, but only after the provider was looked
		// up.
		if !json.Valid(input) {
			return wrongUsage("the input is not JSON")
		}

		return a.callOperation(cmd, args[0], args[1], input, key)
	}

	return command
}

// callOperation finds out whether the operation moves money before it runs it.
func (a *app) callOperation(
	c *cobra.Command,
	name, operation string,
	input []byte,
	key string,
) error {
	ctx, stop := interruptible(c)
	defer stop()
	what := "call " + name + " " + operation
	got, err := a.ask(
		ctx,
		request{method: http.MethodGet, path: recordPath("providers", name), what: what},
	)
	if err != nil {
		return err
	}

	var p provider
	if err := read(got.body, &p); err != nil {
		return err
	}

	// An operation that is not listed is left to the host to refuse.
	moves := false
	for _, o := range p.Operations {
		moves = moves || (o.Name == operation && o.MovesMoney)
	}

	if moves && key == "" {
		return wrongUsage("%s moves money: --idempotency-key is required", operation)
	}
	got, err = a.ask(ctx, request{
		method:   http.MethodPost,
		path:     recordPath("providers", name, "operations", operation),
		body:     input,
		key:      key,
		moves:    moves,
		what:     what,
		provider: name,
	})
	if err != nil {
		return err
	}

	a.noteReplay(got)
	a.printJSON(got.body)
	return nil
}
