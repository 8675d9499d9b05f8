package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeCustomer returns nil for a customer of whom nothing is known.
func encodeCustomer(customer sdk.Customer) *pb.Customer {
	if customer == (sdk.Customer{}) {
		return nil
	}

	return &pb.Customer{
		Id:        customer.ID,
		Email:     customer.Email,
		Phone:     customer.Phone,
		FirstName: customer.FirstName,
		LastName:  customer.LastName,
		Ip:        customer.IP,
	}
}

func decodeCustomer(from *pb.Customer) sdk.Customer {
	return sdk.Customer{
		ID:        from.GetId(),
		Email:     from.GetEmail(),
		Phone:     from.GetPhone(),
		FirstName: from.GetFirstName(),
		LastName:  from.GetLastName(),
		IP:        from.GetIp(),
	}
}

// encodePayment returns nil for nil: an event is about one of three things.
func encodePayment(payment *sdk.Payment) *pb.Payment {
	if payment == nil {
		return nil
	}

	return &pb.Payment{
		ProviderReference: payment.ProviderReference,
		Status:            paymentStatuses.encode(payment.Status),
		ProviderStatus:    payment.ProviderStatus,
		NextAction:        encodeNextAction(payment.NextAction),
		Amount:            encodeMoneyOrNil(payment.Amount),
		Paid:              encodeMoneyOrNil(payment.Paid),
		Message:           payment.Message,
		Receipts:          encodeList(payment.Receipts, encodeReceipt),
		ProviderState:     payment.State,
		TransactionId:     payment.TransactionID,
	}
}

// decodePayment returns nil for an absent payment, and reports it.
func decodePayment(read *reader, from *pb.Payment) *sdk.Payment {
	if from == nil {
		read.fail("provider_reference", "the answer has no payment")
		return nil
	}

	return &sdk.Payment{
		ProviderReference: read.reference("provider_reference", from.GetProviderReference()),
		Status:            present(read, "status", paymentStatuses.decode(from.GetStatus())),
		ProviderStatus:    from.GetProviderStatus(),
		NextAction:        decodeNextAction(read.in("next_action"), from.GetNextAction()),
		Amount:            read.moneyOrNil("amount", from.GetAmount()),
		Paid:              read.moneyOrNil("paid", from.GetPaid()),
		Message:           from.GetMessage(),
		Receipts:          decodeList(read, "receipts", from.GetReceipts(), decodeReceipt),
		State:             read.blob("state", from.GetProviderState(), maxState),
		TransactionID:     read.reference("transaction_id", from.GetTransactionId()),
	}
}

func encodeReceipt(receipt *sdk.Receipt) *pb.Receipt {
	return &pb.Receipt{
		Id:     receipt.ID,
		Amount: encodeMoneyOrNil(&receipt.Amount),
	}
}

// decodeReceipt insists on both parts: hosts add up the amounts of distinct
// ids.
func decodeReceipt(read *reader, from *pb.Receipt) sdk.Receipt {
	if from.GetAmount() == nil {
		read.fail("amount", "missing")
	}
	return sdk.Receipt{
		ID:     present(read, "id", read.reference("id", from.GetId())),
		Amount: read.money("amount", from.GetAmount()),
	}
}

func encodeListedPayment(listed *sdk.ListedPayment) *pb.ListedPayment {
	return &pb.ListedPayment{
		Reference: listed.Reference,
		Payment:   encodePayment(&listed.Payment),
	}
}

// decodeListedPayment takes entries without our reference: not every provider
// gives it back.
func decodeListedPayment(read *reader, from *pb.ListedPayment) sdk.ListedPayment {
	listed := sdk.ListedPayment{Reference: read.reference("reference", from.GetReference())}
	payment := decodePayment(read.in("payment"), from.GetPayment())
	if payment != nil {
		listed.Payment = *payment
	}
	return listed
}

// encodePaymentContext returns nil for nil: a webhook may come to a URL that
// belongs to no payment.
func encodePaymentContext(payment *sdk.PaymentContext) *pb.PaymentContext {
	if payment == nil {
		return nil
	}

	return &pb.PaymentContext{
		Reference:         payment.Reference,
		ProviderReference: payment.ProviderReference,
		Amount:            encodeMoney(payment.Amount),
		MerchantReference: payment.MerchantReference,
		Method:            payment.Method,
		Country:           payment.Country,
		Customer:          encodeCustomer(payment.Customer),
		Options:           payment.Options,
		ProviderState:     payment.State,
		CreatedAt:         encodeTime(payment.CreatedAt),
		Sequence:          payment.Sequence,
	}
}

// decodePaymentContext insists on nothing: a webhook can be older than what the
// host knows.
func decodePaymentContext(read *reader, from *pb.PaymentContext) sdk.PaymentContext {
	return sdk.PaymentContext{
		Reference:         read.reference("reference", from.GetReference()),
		ProviderReference: read.reference("provider_reference", from.GetProviderReference()),
		Amount:            read.money("amount", from.GetAmount()),
		MerchantReference: from.GetMerchantReference(),
		Method:            from.GetMethod(),
		Country:           from.GetCountry(),
		Customer:          decodeCustomer(from.GetCustomer()),
		Options:           read.object("options", from.GetOptions()),
		State:             read.blob("state", from.GetProviderState(), maxState),
		CreatedAt:         read.time("created_at", from.GetCreatedAt()),
		Sequence:          from.GetSequence(),
	}
}

func decodePaymentContextOrNil(read *reader, from *pb.PaymentContext) *sdk.PaymentContext {
	if from == nil {
		return nil
	}
	payment := decodePaymentContext(read, from)
	return &payment
}

func encodeAttachment(attachment *sdk.Attachment) *pb.Attachment {
	return &pb.Attachment{
		Field:     attachment.Field,
		Filename:  attachment.Filename,
		MediaType: attachment.MediaType,
		Content:   attachment.Content,
	}
}

// decodeAttachment refuses what is too large, although the message as a whole
// may be larger.
func decodeAttachment(read *reader, from *pb.Attachment) sdk.Attachment {
	return sdk.Attachment{
		Field:     from.GetField(),
		Filename:  from.GetFilename(),
		MediaType: from.GetMediaType(),
		Content:   read.blob("content", from.GetContent(), sdk.MaxAttachment),
	}
}
