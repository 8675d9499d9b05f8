package sdk

import wire "github.com/payhost/payhost/sdk/internal/providerv1"

func fieldToWire(f *Field) *wire.Field {
	return &wire.Field{Name: f.Name, Label: f.Label, Required: f.Required, Kind: fieldKinds.toWire(f.Kind)}
}

// fieldFromWire insists on a name: without one the customer's answer could not be told apart.
func fieldFromWire(r *reader, w *wire.Field) Field {
	return Field{
		Name: present(r, "name", w.GetName()), Label: w.GetLabel(), Required: w.GetRequired(),
		Kind: fieldKinds.fromWire(w.GetKind()),
	}
}

func methodToWire(m *PaymentMethod) *wire.PaymentMethod {
	return &wire.PaymentMethod{
		Id: m.ID, Name: m.Name, Country: m.Country, Currency: m.Currency,
		Min: boundToWire(m.Min), Max: boundToWire(m.Max), LimitsExclusive: m.LimitsExclusive,
		LogoUrl: m.LogoURL, Guide: m.Guide, Flow: flows.toWire(m.Flow), Fields: listToWire(m.Fields, fieldToWire),
	}
}

// methodFromWire takes bounds that are plain digits only, like every amount.
func methodFromWire(r *reader, w *wire.PaymentMethod) PaymentMethod {
	return PaymentMethod{
		ID: r.reference("id", w.GetId()), Name: w.GetName(), Country: w.GetCountry(), Currency: w.GetCurrency(),
		Min: r.amount("min", w.GetMin()), Max: r.amount("max", w.GetMax()), LimitsExclusive: w.GetLimitsExclusive(),
		LogoURL: w.GetLogoUrl(), Guide: w.GetGuide(), Flow: flows.fromWire(w.GetFlow()),
		Fields: listFromWire(r, "fields", w.GetFields(), fieldFromWire),
	}
}

// listPaymentMethods answers with a list that may be empty: that is no error.
var listPaymentMethods = verb[MethodLister, ListPaymentMethodsRequest, []PaymentMethod, *wire.ListPaymentMethodsRequest, *wire.ListPaymentMethodsResponse]{
	name: "ListPaymentMethods", capability: CapabilityListPaymentMethods,
	call: MethodLister.ListPaymentMethods, invoke: providerClient.ListPaymentMethods,
	requestToWire: func(account string, req ListPaymentMethodsRequest) *wire.ListPaymentMethodsRequest {
		return &wire.ListPaymentMethodsRequest{
			Account: account, Country: req.Country, Currency: req.Currency, CustomerId: req.CustomerID,
			Amount: moneyOrNilToWire(req.Amount),
		}
	},
	requestFromWire: func(r *reader, w *wire.ListPaymentMethodsRequest) ListPaymentMethodsRequest {
		return ListPaymentMethodsRequest{
			Country: w.GetCountry(), Currency: w.GetCurrency(), CustomerID: w.GetCustomerId(),
			Amount: r.moneyOrNil("amount", w.GetAmount()),
		}
	},
	responseToWire: func(list []PaymentMethod) *wire.ListPaymentMethodsResponse {
		return &wire.ListPaymentMethodsResponse{Methods: listToWire(list, methodToWire)}
	},
	responseFromWire: func(r *reader, w *wire.ListPaymentMethodsResponse) []PaymentMethod {
		return listFromWire(r, "methods", w.GetMethods(), methodFromWire)
	},
}
