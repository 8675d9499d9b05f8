package wire

import "github.com/payhost/payhost/sdk"

// PaymentTexts returns the fields of a request that hold text and may be
// absent, by the names that Info.PaymentFields uses.
func PaymentTexts(req sdk.CreatePaymentRequest) map[string]string {
	return map[string]string{
		"merchant_reference":  req.MerchantReference,
		"description":         req.Description,
		"method":              req.Method,
		"country":             req.Country,
		"language":            req.Language,
		"customer.id":         req.Customer.ID,
		"customer.email":      req.Customer.Email,
		"customer.phone":      req.Customer.Phone,
		"customer.first_name": req.Customer.FirstName,
		"customer.last_name":  req.Customer.LastName,
		"customer.ip":         req.Customer.IP,
	}
}

// PayoutTexts is PaymentTexts for Info.PayoutFields.
func PayoutTexts(req sdk.CreatePayoutRequest) map[string]string {
	return map[string]string{
		"merchant_reference":       req.MerchantReference,
		"description":              req.Description,
		"method":                   req.Method,
		"recipient.id":             req.Recipient.ID,
		"recipient.email":          req.Recipient.Email,
		"recipient.name":           req.Recipient.Name,
		"recipient.account_number": req.Recipient.AccountNumber,
		"recipient.iban":           req.Recipient.IBAN,
		"recipient.phone":          req.Recipient.Phone,
	}
}
