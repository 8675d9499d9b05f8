package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

func encodeField(f *sdk.Field) *pb.Field {
	return &pb.Field{Name: f.Name, Label: f.Label, Required: f.Required, Kind: fieldKinds.encode(f.Kind)}
}

// decodeField insists on a name: without one the customer's answer could not be told apart.
func decodeField(r *reader, w *pb.Field) sdk.Field {
	return sdk.Field{
		Name: present(r, "name", w.GetName()), Label: w.GetLabel(), Required: w.GetRequired(),
		Kind: fieldKinds.decode(w.GetKind()),
	}
}

func encodeMethod(m *sdk.PaymentMethod) *pb.PaymentMethod {
	return &pb.PaymentMethod{
		Id: m.ID, Name: m.Name, Country: m.Country, Currency: m.Currency,
		Min: encodeBound(m.Min), Max: encodeBound(m.Max), LimitsExclusive: m.LimitsExclusive,
		LogoUrl: m.LogoURL, Guide: m.Guide, Flow: flows.encode(m.Flow), Fields: encodeList(m.Fields, encodeField),
	}
}

// decodeMethod takes bounds that are plain digits only, like every amount.
func decodeMethod(r *reader, w *pb.PaymentMethod) sdk.PaymentMethod {
	return sdk.PaymentMethod{
		ID: r.reference("id", w.GetId()), Name: w.GetName(), Country: w.GetCountry(), Currency: w.GetCurrency(),
		Min: r.amount("min", w.GetMin()), Max: r.amount("max", w.GetMax()), LimitsExclusive: w.GetLimitsExclusive(),
		LogoURL: w.GetLogoUrl(), Guide: w.GetGuide(), Flow: flows.decode(w.GetFlow()),
		Fields: decodeList(r, "fields", w.GetFields(), decodeField),
	}
}

// ListPaymentMethods answers with a list that may be empty: that is no error.
var ListPaymentMethods = Verb[sdk.MethodLister, sdk.ListPaymentMethodsRequest, []sdk.PaymentMethod, *pb.ListPaymentMethodsRequest, *pb.ListPaymentMethodsResponse]{
	Name: "ListPaymentMethods", Capability: sdk.CapabilityListPaymentMethods,
	Call: sdk.MethodLister.ListPaymentMethods, Invoke: providerClient.ListPaymentMethods,
	EncodeRequest: func(account string, req sdk.ListPaymentMethodsRequest) *pb.ListPaymentMethodsRequest {
		return &pb.ListPaymentMethodsRequest{
			Account: account, Country: req.Country, Currency: req.Currency, CustomerId: req.CustomerID,
			Amount: encodeMoneyOrNil(req.Amount),
		}
	},
	decodeRequest: func(r *reader, w *pb.ListPaymentMethodsRequest) sdk.ListPaymentMethodsRequest {
		return sdk.ListPaymentMethodsRequest{
			Country: w.GetCountry(), Currency: w.GetCurrency(), CustomerID: w.GetCustomerId(),
			Amount: r.moneyOrNil("amount", w.GetAmount()),
		}
	},
	encodeResponse: func(list []sdk.PaymentMethod) *pb.ListPaymentMethodsResponse {
		return &pb.ListPaymentMethodsResponse{Methods: encodeList(list, encodeMethod)}
	},
	decodeResponse: func(r *reader, w *pb.ListPaymentMethodsResponse) []sdk.PaymentMethod {
		return decodeList(r, "methods", w.GetMethods(), decodeMethod)
	},
}
