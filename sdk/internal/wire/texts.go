package wire

import "github.com/payhost/payhost/sdk"

// PaymentTexts and payoutTexts are the fields that hold text and may be absent, by
// the names that Info.PaymentFields and Info.PayoutFields use.
func PaymentTexts(req sdk.CreatePaymentRequest) map[string]string {
	who := req.Customer
	return map[string]string{
		"merchant_reference": req.MerchantReference, "description": req.Description, "method": req.Method,
		"country": req.Country, "language": req.Language,
		"customer.id": who.ID, "customer.email": who.Email, "customer.phone": who.Phone,
		"customer.first_name": who.FirstName, "customer.last_name": who.LastName, "customer.ip": who.IP,
	}
}

func PayoutTexts(req sdk.CreatePayoutRequest) map[string]string {
	who := req.Recipient
	return map[string]string{
		"merchant_reference": req.MerchantReference, "description": req.Description, "method": req.Method,
		"recipient.id": who.ID, "recipient.email": who.Email, "recipient.name": who.Name,
		"recipient.account_number": who.AccountNumber, "recipient.iban": who.IBAN, "recipient.phone": who.Phone,
	}
}
