package sdk

import (
	"context"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

func accountInfoToWire(i *AccountInfo) *wire.ConfigureResponse {
	return &wire.ConfigureResponse{
		Capabilities:        capabilities.sliceToWire(i.Capabilities),
		Currencies:          i.Currencies,
		IdentityFingerprint: i.IdentityFingerprint,
		Warnings:            i.Warnings,
		CurrenciesComplete:  i.CurrenciesComplete,
	}
}

func accountInfoFromWire(r *reader, w *wire.ConfigureResponse) AccountInfo {
	return AccountInfo{
		Capabilities:        capabilities.sliceFromWire(w.GetCapabilities()),
		Currencies:          currenciesFromWire(r, "currencies", w.GetCurrencies()),
		IdentityFingerprint: r.reference("identity_fingerprint", w.GetIdentityFingerprint()),
		Warnings:            w.GetWarnings(),
		CurrenciesComplete:  w.GetCurrenciesComplete(),
	}
}

// currenciesFromWire holds codes to the one form in which amounts are compared with them.
func currenciesFromWire(r *reader, field string, list []string) []string {
	for _, code := range list {
		if err := CheckCurrency(code); err != nil {
			r.fail(field, "%s", err)
		}
	}
	return list
}

// nothing is the request of the verbs that need none.
type nothing struct{}

// checkHealth records no exchanges: the contract has no place for them.
var checkHealth = verb[HealthChecker, nothing, Health, *wire.CheckHealthRequest, *wire.CheckHealthResponse]{
	name: "CheckHealth", capability: CapabilityCheckHealth,
	call:   func(p HealthChecker, ctx context.Context, _ nothing) (Health, error) { return p.CheckHealth(ctx) },
	invoke: providerClient.CheckHealth,
	requestToWire: func(account string, _ nothing) *wire.CheckHealthRequest {
		return &wire.CheckHealthRequest{Account: account}
	},
	requestFromWire: func(*reader, *wire.CheckHealthRequest) nothing { return nothing{} },
	responseToWire: func(h Health) *wire.CheckHealthResponse {
		return &wire.CheckHealthResponse{State: healthStates.toWire(h.State), Message: h.Message}
	},
	responseFromWire: func(r *reader, w *wire.CheckHealthResponse) Health {
		return Health{State: present(r, "state", healthStates.fromWire(w.GetState())), Message: w.GetMessage()}
	},
}

// getBalances is the only verb whose amounts may be negative.
var getBalances = verb[BalanceGetter, nothing, []Balance, *wire.GetBalancesRequest, *wire.GetBalancesResponse]{
	name: "GetBalances", capability: CapabilityGetBalances,
	call:   func(p BalanceGetter, ctx context.Context, _ nothing) ([]Balance, error) { return p.GetBalances(ctx) },
	invoke: providerClient.GetBalances,
	requestToWire: func(account string, _ nothing) *wire.GetBalancesRequest {
		return &wire.GetBalancesRequest{Account: account}
	},
	requestFromWire: func(*reader, *wire.GetBalancesRequest) nothing { return nothing{} },
	responseToWire: func(list []Balance) *wire.GetBalancesResponse {
		return &wire.GetBalancesResponse{Balances: listToWire(list, func(b *Balance) *wire.Balance {
			return &wire.Balance{Name: b.Name, Amount: moneyOrNilToWire(&b.Amount)}
		})}
	},
	responseFromWire: func(r *reader, w *wire.GetBalancesResponse) []Balance {
		return listFromWire(r, "balances", w.GetBalances(), func(r *reader, b *wire.Balance) Balance {
			if b.GetAmount() == nil {
				r.fail("amount", "missing")
			}
			return Balance{Name: b.GetName(), Amount: r.signedMoney("amount", b.GetAmount())}
		})
	},
}
