package sdk

import (
	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// customerToWire leaves out a customer of whom nothing is known.
func customerToWire(c Customer) *wire.Customer {
	if c == (Customer{}) {
		return nil
	}
	return &wire.Customer{
		Id: c.ID, Email: c.Email, Phone: c.Phone, FirstName: c.FirstName, LastName: c.LastName, Ip: c.IP,
	}
}

func customerFromWire(w *wire.Customer) Customer {
	return Customer{
		ID: w.GetId(), Email: w.GetEmail(), Phone: w.GetPhone(),
		FirstName: w.GetFirstName(), LastName: w.GetLastName(), IP: w.GetIp(),
	}
}

// paymentToWire gives nil for nil: an event is about one of three things.
func paymentToWire(p *Payment) *wire.Payment {
	if p == nil {
		return nil
	}
	return &wire.Payment{
		ProviderReference: p.ProviderReference,
		Status:            paymentStatuses.toWire(p.Status),
		ProviderStatus:    p.ProviderStatus,
		NextAction:        nextActionToWire(p.NextAction),
		Amount:            moneyOrNilToWire(p.Amount),
		Paid:              moneyOrNilToWire(p.Paid),
		Message:           p.Message,
		Receipts:          listToWire(p.Receipts, receiptToWire),
		ProviderState:     p.State,
		TransactionId:     p.TransactionID,
	}
}

// paymentFromWire gives nil for an absent payment, and reports it.
func paymentFromWire(r *reader, w *wire.Payment) *Payment {
	if w == nil {
		r.fail("provider_reference", "the answer has no payment")
		return nil
	}
	return &Payment{
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Status:            present(r, "status", paymentStatuses.fromWire(w.GetStatus())),
		ProviderStatus:    w.GetProviderStatus(),
		NextAction:        nextActionFromWire(r.in("next_action"), w.GetNextAction()),
		Amount:            r.moneyOrNil("amount", w.GetAmount()),
		Paid:              r.moneyOrNil("paid", w.GetPaid()),
		Message:           w.GetMessage(),
		Receipts:          listFromWire(r, "receipts", w.GetReceipts(), receiptFromWire),
		State:             r.blob("state", w.GetProviderState(), maxState),
		TransactionID:     r.reference("transaction_id", w.GetTransactionId()),
	}
}

func receiptToWire(p *Receipt) *wire.Receipt {
	return &wire.Receipt{Id: p.ID, Amount: moneyOrNilToWire(&p.Amount)}
}

// receiptFromWire insists on both parts: hosts add up the amounts of distinct ids.
func receiptFromWire(r *reader, w *wire.Receipt) Receipt {
	if w.GetAmount() == nil {
		r.fail("amount", "missing")
	}
	return Receipt{ID: present(r, "id", r.reference("id", w.GetId())), Amount: r.money("amount", w.GetAmount())}
}

func listedPaymentToWire(p *ListedPayment) *wire.ListedPayment {
	return &wire.ListedPayment{Reference: p.Reference, Payment: paymentToWire(&p.Payment)}
}

// listedPaymentFromWire takes entries without a reference of ours: not every provider gives it back.
func listedPaymentFromWire(r *reader, w *wire.ListedPayment) ListedPayment {
	out := ListedPayment{Reference: r.reference("reference", w.GetReference())}
	if p := paymentFromWire(r.in("payment"), w.GetPayment()); p != nil {
		out.Payment = *p
	}
	return out
}

// paymentContextToWire gives nil for nil, as notices on a URL that belongs to no payment have it.
func paymentContextToWire(p *PaymentContext) *wire.PaymentContext {
	if p == nil {
		return nil
	}
	return &wire.PaymentContext{
		Reference:         p.Reference,
		ProviderReference: p.ProviderReference,
		Amount:            moneyToWire(p.Amount),
		MerchantReference: p.MerchantReference,
		Method:            p.Method,
		Country:           p.Country,
		Customer:          customerToWire(p.Customer),
		Options:           p.Options,
		ProviderState:     p.State,
		CreatedAt:         timeToWire(p.CreatedAt),
		Sequence:          p.Sequence,
	}
}

// paymentContextFromWire asks for nothing to be present: a notice can be older than what the host knows.
func paymentContextFromWire(r *reader, w *wire.PaymentContext) PaymentContext {
	return PaymentContext{
		Reference:         r.reference("reference", w.GetReference()),
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Amount:            r.money("amount", w.GetAmount()),
		MerchantReference: w.GetMerchantReference(),
		Method:            w.GetMethod(),
		Country:           w.GetCountry(),
		Customer:          customerFromWire(w.GetCustomer()),
		Options:           r.object("options", w.GetOptions()),
		State:             r.blob("state", w.GetProviderState(), maxState),
		CreatedAt:         r.time("created_at", w.GetCreatedAt()),
		Sequence:          w.GetSequence(),
	}
}

func paymentContextOrNilFromWire(r *reader, w *wire.PaymentContext) *PaymentContext {
	if w == nil {
		return nil
	}
	c := paymentContextFromWire(r, w)
	return &c
}

func attachmentToWire(a *Attachment) *wire.Attachment {
	return &wire.Attachment{Field: a.Field, Filename: a.Filename, MediaType: a.MediaType, Content: a.Content}
}

// attachmentFromWire refuses what is too large, although the message as a whole may be larger.
func attachmentFromWire(r *reader, w *wire.Attachment) Attachment {
	return Attachment{
		Field: w.GetField(), Filename: w.GetFilename(), MediaType: w.GetMediaType(),
		Content: r.blob("content", w.GetContent(), MaxAttachment),
	}
}
