package wire

import (
	"context"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

func EncodeAccountInfo(i *sdk.AccountInfo) *pb.ConfigureResponse {
	return &pb.ConfigureResponse{
		Capabilities:        capabilities.encodeAll(i.Capabilities),
		Currencies:          i.Currencies,
		IdentityFingerprint: i.IdentityFingerprint,
		Warnings:            i.Warnings,
		CurrenciesComplete:  i.CurrenciesComplete,
	}
}

func decodeAccountInfo(r *reader, w *pb.ConfigureResponse) sdk.AccountInfo {
	return sdk.AccountInfo{
		Capabilities:        capabilities.decodeAll(w.GetCapabilities()),
		Currencies:          decodeCurrencies(r, "currencies", w.GetCurrencies()),
		IdentityFingerprint: r.reference("identity_fingerprint", w.GetIdentityFingerprint()),
		Warnings:            w.GetWarnings(),
		CurrenciesComplete:  w.GetCurrenciesComplete(),
	}
}

// ReadAccountInfo returns what a plugin says of an account, or what breaks the contract in it.
func ReadAccountInfo(w *pb.ConfigureResponse) (sdk.AccountInfo, *sdk.Error) {
	r := newReader()
	info := decodeAccountInfo(r, w)
	if err := r.problems.AnswerError("the plugin's Configure"); err != nil {
		return sdk.AccountInfo{}, err
	}
	return info, nil
}

// decodeCurrencies holds codes to the one form in which amounts are compared with them.
func decodeCurrencies(r *reader, field string, list []string) []string {
	for _, code := range list {
		if err := sdk.CheckCurrency(code); err != nil {
			r.fail(field, "%s", err)
		}
	}
	return list
}

// NoRequest is the request of the verbs that need none.
type NoRequest struct{}

// CheckHealth records no exchanges: the contract has no place for them.
var CheckHealth = Verb[sdk.HealthChecker, NoRequest, sdk.Health, *pb.CheckHealthRequest, *pb.CheckHealthResponse]{
	Name: "CheckHealth", Capability: sdk.CapabilityCheckHealth,
	Call: func(p sdk.HealthChecker, ctx context.Context, _ NoRequest) (sdk.Health, error) {
		return p.CheckHealth(ctx)
	},
	Invoke: providerClient.CheckHealth,
	EncodeRequest: func(account string, _ NoRequest) *pb.CheckHealthRequest {
		return &pb.CheckHealthRequest{Account: account}
	},
	decodeRequest: func(*reader, *pb.CheckHealthRequest) NoRequest { return NoRequest{} },
	encodeResponse: func(h sdk.Health) *pb.CheckHealthResponse {
		return &pb.CheckHealthResponse{State: healthStates.encode(h.State), Message: h.Message}
	},
	decodeResponse: func(r *reader, w *pb.CheckHealthResponse) sdk.Health {
		return sdk.Health{State: present(r, "state", healthStates.decode(w.GetState())), Message: w.GetMessage()}
	},
}

// GetBalances is the only verb whose amounts may be negative.
var GetBalances = Verb[sdk.BalanceGetter, NoRequest, []sdk.Balance, *pb.GetBalancesRequest, *pb.GetBalancesResponse]{
	Name: "GetBalances", Capability: sdk.CapabilityGetBalances,
	Call: func(p sdk.BalanceGetter, ctx context.Context, _ NoRequest) ([]sdk.Balance, error) {
		return p.GetBalances(ctx)
	},
	Invoke: providerClient.GetBalances,
	EncodeRequest: func(account string, _ NoRequest) *pb.GetBalancesRequest {
		return &pb.GetBalancesRequest{Account: account}
	},
	decodeRequest: func(*reader, *pb.GetBalancesRequest) NoRequest { return NoRequest{} },
	encodeResponse: func(list []sdk.Balance) *pb.GetBalancesResponse {
		return &pb.GetBalancesResponse{Balances: encodeList(list, func(b *sdk.Balance) *pb.Balance {
			return &pb.Balance{Name: b.Name, Amount: encodeMoneyOrNil(&b.Amount)}
		})}
	},
	decodeResponse: func(r *reader, w *pb.GetBalancesResponse) []sdk.Balance {
		return decodeList(r, "balances", w.GetBalances(), func(r *reader, b *pb.Balance) sdk.Balance {
			if b.GetAmount() == nil {
				r.fail("amount", "missing")
			}
			return sdk.Balance{Name: b.GetName(), Amount: r.signedMoney("amount", b.GetAmount())}
		})
	},
}
