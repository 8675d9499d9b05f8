package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeCustomer leaves out a customer of whom nothing is known.
func encodeCustomer(c sdk.Customer) *pb.Customer {
	if c == (sdk.Customer{}) {
		return nil
	}
	return &pb.Customer{
		Id: c.ID, Email: c.Email, Phone: c.Phone, FirstName: c.FirstName, LastName: c.LastName, Ip: c.IP,
	}
}

func decodeCustomer(w *pb.Customer) sdk.Customer {
	return sdk.Customer{
		ID: w.GetId(), Email: w.GetEmail(), Phone: w.GetPhone(),
		FirstName: w.GetFirstName(), LastName: w.GetLastName(), IP: w.GetIp(),
	}
}

// encodePayment gives nil for nil: an event is about one of three things.
func encodePayment(p *sdk.Payment) *pb.Payment {
	if p == nil {
		return nil
	}
	return &pb.Payment{
		ProviderReference: p.ProviderReference,
		Status:            paymentStatuses.encode(p.Status),
		ProviderStatus:    p.ProviderStatus,
		NextAction:        encodeNextAction(p.NextAction),
		Amount:            encodeMoneyOrNil(p.Amount),
		Paid:              encodeMoneyOrNil(p.Paid),
		Message:           p.Message,
		Receipts:          encodeList(p.Receipts, encodeReceipt),
		ProviderState:     p.State,
		TransactionId:     p.TransactionID,
	}
}

// decodePayment gives nil for an absent payment, and reports it.
func decodePayment(r *reader, w *pb.Payment) *sdk.Payment {
	if w == nil {
		r.fail("provider_reference", "the answer has no payment")
		return nil
	}
	return &sdk.Payment{
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Status:            present(r, "status", paymentStatuses.decode(w.GetStatus())),
		ProviderStatus:    w.GetProviderStatus(),
		NextAction:        decodeNextAction(r.in("next_action"), w.GetNextAction()),
		Amount:            r.moneyOrNil("amount", w.GetAmount()),
		Paid:              r.moneyOrNil("paid", w.GetPaid()),
		Message:           w.GetMessage(),
		Receipts:          decodeList(r, "receipts", w.GetReceipts(), decodeReceipt),
		State:             r.blob("state", w.GetProviderState(), maxState),
		TransactionID:     r.reference("transaction_id", w.GetTransactionId()),
	}
}

func encodeReceipt(p *sdk.Receipt) *pb.Receipt {
	return &pb.Receipt{Id: p.ID, Amount: encodeMoneyOrNil(&p.Amount)}
}

// decodeReceipt insists on both parts: hosts add up the amounts of distinct ids.
func decodeReceipt(r *reader, w *pb.Receipt) sdk.Receipt {
	if w.GetAmount() == nil {
		r.fail("amount", "missing")
	}
	return sdk.Receipt{ID: present(r, "id", r.reference("id", w.GetId())), Amount: r.money("amount", w.GetAmount())}
}

func encodeListedPayment(p *sdk.ListedPayment) *pb.ListedPayment {
	return &pb.ListedPayment{Reference: p.Reference, Payment: encodePayment(&p.Payment)}
}

// decodeListedPayment takes entries without a reference of ours: not every provider gives it back.
func decodeListedPayment(r *reader, w *pb.ListedPayment) sdk.ListedPayment {
	out := sdk.ListedPayment{Reference: r.reference("reference", w.GetReference())}
	if p := decodePayment(r.in("payment"), w.GetPayment()); p != nil {
		out.Payment = *p
	}
	return out
}

// encodePaymentContext gives nil for nil, as notices on a URL that belongs to no payment have it.
func encodePaymentContext(p *sdk.PaymentContext) *pb.PaymentContext {
	if p == nil {
		return nil
	}
	return &pb.PaymentContext{
		Reference:         p.Reference,
		ProviderReference: p.ProviderReference,
		Amount:            encodeMoney(p.Amount),
		MerchantReference: p.MerchantReference,
		Method:            p.Method,
		Country:           p.Country,
		Customer:          encodeCustomer(p.Customer),
		Options:           p.Options,
		ProviderState:     p.State,
		CreatedAt:         encodeTime(p.CreatedAt),
		Sequence:          p.Sequence,
	}
}

// decodePaymentContext asks for nothing to be present: a notice can be older than what the host knows.
func decodePaymentContext(r *reader, w *pb.PaymentContext) sdk.PaymentContext {
	return sdk.PaymentContext{
		Reference:         r.reference("reference", w.GetReference()),
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Amount:            r.money("amount", w.GetAmount()),
		MerchantReference: w.GetMerchantReference(),
		Method:            w.GetMethod(),
		Country:           w.GetCountry(),
		Customer:          decodeCustomer(w.GetCustomer()),
		Options:           r.object("options", w.GetOptions()),
		State:             r.blob("state", w.GetProviderState(), maxState),
		CreatedAt:         r.time("created_at", w.GetCreatedAt()),
		Sequence:          w.GetSequence(),
	}
}

func decodePaymentContextOrNil(r *reader, w *pb.PaymentContext) *sdk.PaymentContext {
	if w == nil {
		return nil
	}
	c := decodePaymentContext(r, w)
	return &c
}

func encodeAttachment(a *sdk.Attachment) *pb.Attachment {
	return &pb.Attachment{Field: a.Field, Filename: a.Filename, MediaType: a.MediaType, Content: a.Content}
}

// decodeAttachment refuses what is too large, although the message as a whole may be larger.
func decodeAttachment(r *reader, w *pb.Attachment) sdk.Attachment {
	return sdk.Attachment{
		Field: w.GetField(), Filename: w.GetFilename(), MediaType: w.GetMediaType(),
		Content: r.blob("content", w.GetContent(), sdk.MaxAttachment),
	}
}
