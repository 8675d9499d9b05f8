package main

// scenes are the providers' parts, in the order in which they come on.
var scenes = []scene{
	{
		provider: "ptop",
		payment:  `{"provider":"ptop","amount":"60.00","currency":"USD","merchant_reference":"order-47","description":"Sample"}`,
		payout:   `{"provider":"ptop","amount":"12.50","currency":"USD","recipient":{"email":"client@example.com"}}`,
	},
}
