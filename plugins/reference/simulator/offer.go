package simulator

import "github.com/shopspring/decimal"

// Questions that need no payment: this file changes nothing.

func (s *Simulator) listMethods(r *request) (any, *refusal) {
	currency := r.URL.Query().Get("currency")
	if currency == "" {
		currency = "EUR"
	}

	return map[string]any{"data": []map[string]any{
		{"id": "card", "name": "Card", "currency": currency, "min": 1, "max": "10000.00"},
		{
			"id":       "transfer",
			"name":     "Bank transfer",
			"currency": currency,
			"min":      "1.00",
			"max":      10000,
			"proof":    true,
		},
	}}, nil
}

func (s *Simulator) listBalances(*request) (any, *refusal) {
	data := []map[string]any{}
	for _, currency := range []string{"EUR", "USD"} {
		data = append(
			data,
			map[string]any{
				"name":     "main",
				"currency": currency,
				"amount":   s.balance[currency],
			},
		)
	}

	return map[string]any{"data": data}, nil
}

func (s *Simulator) quoteFee(r *request) (any, *refusal) {
	query := r.URL.Query()
	amount, no := checkAmount(query.Get("amount"), query.Get("currency"), 1, 10000)
	if no != nil {
		return nil, no
	}
	fee := amount.Mul(decimal.New(29, -3)).Round(2)
	return map[string]any{"amount": fee, "currency": query.Get("currency")}, nil
}
