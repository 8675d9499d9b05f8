package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// ListPaymentMethods may answer with an empty list, which is not an error.
var ListPaymentMethods = &Verb[
	sdk.MethodLister, sdk.ListPaymentMethodsRequest, []sdk.PaymentMethod,
	*pb.ListPaymentMethodsRequest, *pb.ListPaymentMethodsResponse,
]{
	Name:       "ListPaymentMethods",
	Capability: sdk.CapabilityListPaymentMethods,
	Call:       sdk.MethodLister.ListPaymentMethods,
	Invoke:     providerClient.ListPaymentMethods,

	EncodeRequest: func(
		account string, req sdk.ListPaymentMethodsRequest,
	) *pb.ListPaymentMethodsRequest {
		return &pb.ListPaymentMethodsRequest{
			Account:    account,
			Country:    req.Country,
			Currency:   req.Currency,
			CustomerId: req.CustomerID,
			Amount:     encodeMoneyOrNil(req.Amount),
		}
	},
	decodeRequest: func(
		read *reader, from *pb.ListPaymentMethodsRequest,
	) sdk.ListPaymentMethodsRequest {
		return sdk.ListPaymentMethodsRequest{
			Country:    from.GetCountry(),
			Currency:   from.GetCurrency(),
			CustomerID: from.GetCustomerId(),
			Amount:     read.moneyOrNil("amount", from.GetAmount()),
		}
	},
	encodeResponse: func(methods []sdk.PaymentMethod) *pb.ListPaymentMethodsResponse {
		return &pb.ListPaymentMethodsResponse{Methods: encodeList(methods, encodeMethod)}
	},
	decodeResponse: func(read *reader, from *pb.ListPaymentMethodsResponse) []sdk.PaymentMethod {
		return decodeList(read, "methods", from.GetMethods(), decodeMethod)
	},
}

func encodeMethod(method *sdk.PaymentMethod) *pb.PaymentMethod {
	return &pb.PaymentMethod{
		Id:              method.ID,
		Name:            method.Name,
		Country:         method.Country,
		Currency:        method.Currency,
		Min:             encodeBound(method.Min),
		Max:             encodeBound(method.Max),
		LimitsExclusive: method.LimitsExclusive,
		LogoUrl:         method.LogoURL,
		Guide:           method.Guide,
		Flow:            flows.encode(method.Flow),
		Fields:          encodeList(method.Fields, encodeField),
	}
}

// decodeMethod takes bounds that are plain digits only, like every amount.
func decodeMethod(read *reader, from *pb.PaymentMethod) sdk.PaymentMethod {
	return sdk.PaymentMethod{
		ID:              read.reference("id", from.GetId()),
		Name:            from.GetName(),
		Country:         from.GetCountry(),
		Currency:        from.GetCurrency(),
		Min:             read.amount("min", from.GetMin()),
		Max:             read.amount("max", from.GetMax()),
		LimitsExclusive: from.GetLimitsExclusive(),
		LogoURL:         from.GetLogoUrl(),
		Guide:           from.GetGuide(),
		Flow:            flows.decode(from.GetFlow()),
		Fields:          decodeList(read, "fields", from.GetFields(), decodeField),
	}
}

func encodeField(field *sdk.Field) *pb.Field {
	return &pb.Field{
		Name:     field.Name,
		Label:    field.Label,
		Required: field.Required,
		Kind:     fieldKinds.encode(field.Kind),
	}
}

// decodeField insists on a name: without one the customer's answers could not
// be told apart.
func decodeField(read *reader, from *pb.Field) sdk.Field {
	return sdk.Field{
		Name:     present(read, "name", from.GetName()),
		Label:    from.GetLabel(),
		Required: from.GetRequired(),
		Kind:     fieldKinds.decode(from.GetKind()),
	}
}
