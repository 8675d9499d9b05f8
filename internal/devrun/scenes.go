package main

// scenes are the providers' parts, in the order in which they come on.
var scenes = []scene{
	{
		provider: "ptop",
		payment:  `{"provider":"ptop","amount":"60.00","currency":"USD","merchant_reference":"order-47","description":"Sample"}`,
		payout:   `{"provider":"ptop","amount":"12.50","currency":"USD","recipient":{"email":"client@example.com"}}`,
	},
	{
		provider: "paycrypto",
		payment:  `{"provider":"paycrypto","amount":"60.00","currency":"USD","merchant_reference":"order-48"}`,
		methods:  "currency=USD",
	},
	{
		provider: "paysepro",
		payment: `{"provider":"paysepro","amount":"12.00","currency":"USD","method":"neosurf","country":"ar","merchant_reference":"order-49",
			"customer":{"first_name":"Jack","last_name":"Dalton","email":"user@example.com"}}`,
		methods:    "country=ar",
		backOffice: true,
	},
	{
		provider: "ttrpay",
		payment: `{"provider":"ttrpay","amount":"3.20","currency":"USD","description":"Order 50","customer":{"first_name":"Ann","last_name":"Ex",
			"email":"ann@example.com","phone":"+84123456789","ip":"203.0.113.7"}}`,
	},
	{
		provider: "paykassma",
		payment: `{"provider":"paykassma","amount":"100","currency":"USD","method":"nagad","merchant_reference":"order-51",
			"customer":{"id":"customer-1"}}`,
		confirm: `{"fields":{"key1":"8N7A6D5F4G","amount":"100"}}`,
		payout: `{"provider":"paykassma","amount":"500","currency":"INR","method":"paytm","description":"a payout",
			"recipient":{"id":"customer-1","account_number":"1234567890","name":"Ann Ex","email":"ann@example.com"}}`,
		methods:    "currency=USD&customer_id=customer-1",
		balances:   true,
		backOffice: true,
	},
}
