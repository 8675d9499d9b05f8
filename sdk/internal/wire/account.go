package wire

import (
	"context"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// EncodeAccountInfo returns the answer to Configure.
func EncodeAccountInfo(info *sdk.AccountInfo) *pb.ConfigureResponse {
	return &pb.ConfigureResponse{
		Capabilities:        capabilities.encodeAll(info.Capabilities),
		Currencies:          info.Currencies,
		IdentityFingerprint: info.IdentityFingerprint,
		Warnings:            info.Warnings,
		CurrenciesComplete:  info.CurrenciesComplete,
	}
}

// ReadAccountInfo returns what a plugin says of an account. The error is an
// answer that breaks the contract.
func ReadAccountInfo(from *pb.ConfigureResponse) (sdk.AccountInfo, *sdk.Error) {
	read := newReader()
	info := decodeAccountInfo(read, from)
	if err := read.problems.AnswerError("the plugin's", "Configure"); err != nil {
		return sdk.AccountInfo{}, err
	}
	return info, nil
}

func decodeAccountInfo(read *reader, from *pb.ConfigureResponse) sdk.AccountInfo {
	return sdk.AccountInfo{
		Capabilities:        capabilities.decodeAll(from.GetCapabilities()),
		Currencies:          decodeCurrencies(read, "currencies", from.GetCurrencies()),
		IdentityFingerprint: read.reference("identity_fingerprint", from.GetIdentityFingerprint()),
		Warnings:            from.GetWarnings(),
		CurrenciesComplete:  from.GetCurrenciesComplete(),
	}
}

// decodeCurrencies holds codes to the one form in which amounts are compared
// with them.
func decodeCurrencies(read *reader, field string, codes []string) []string {
	for _, code := range codes {
		if err := sdk.CheckCurrency(code); err != nil {
			read.fail(field, "%s", err)
		}
	}
	return codes
}

// NoRequest is the request of the verbs that need none.
type NoRequest struct{}

// CheckHealth carries no exchanges: the contract has no place for them.
var CheckHealth = &Verb[
	sdk.HealthChecker, NoRequest, sdk.Health,
	*pb.CheckHealthRequest, *pb.CheckHealthResponse,
]{
	Name:       "CheckHealth",
	Capability: sdk.CapabilityCheckHealth,
	Call: func(checker sdk.HealthChecker, ctx context.Context, _ NoRequest) (sdk.Health, error) {
		return checker.CheckHealth(ctx)
	},
	Invoke: providerClient.CheckHealth,

	EncodeRequest: func(account string, _ NoRequest) *pb.CheckHealthRequest {
		return &pb.CheckHealthRequest{Account: account}
	},
	decodeRequest: func(*reader, *pb.CheckHealthRequest) NoRequest { return NoRequest{} },
	encodeResponse: func(health sdk.Health) *pb.CheckHealthResponse {
		return &pb.CheckHealthResponse{
			State:   healthStates.encode(health.State),
			Message: health.Message,
		}
	},
	decodeResponse: func(read *reader, from *pb.CheckHealthResponse) sdk.Health {
		return sdk.Health{
			State:   present(read, "state", healthStates.decode(from.GetState())),
			Message: from.GetMessage(),
		}
	},
}

// GetBalances is the only verb whose amounts may be negative.
var GetBalances = &Verb[
	sdk.BalanceGetter, NoRequest, []sdk.Balance,
	*pb.GetBalancesRequest, *pb.GetBalancesResponse,
]{
	Name:       "GetBalances",
	Capability: sdk.CapabilityGetBalances,
	Call: func(getter sdk.BalanceGetter, ctx context.Context, _ NoRequest) ([]sdk.Balance, error) {
		return getter.GetBalances(ctx)
	},
	Invoke: providerClient.GetBalances,

	EncodeRequest: func(account string, _ NoRequest) *pb.GetBalancesRequest {
		return &pb.GetBalancesRequest{Account: account}
	},
	decodeRequest: func(*reader, *pb.GetBalancesRequest) NoRequest { return NoRequest{} },
	encodeResponse: func(balances []sdk.Balance) *pb.GetBalancesResponse {
		return &pb.GetBalancesResponse{Balances: encodeList(balances, encodeBalance)}
	},
	decodeResponse: func(read *reader, from *pb.GetBalancesResponse) []sdk.Balance {
		return decodeList(read, "balances", from.GetBalances(), decodeBalance)
	},
}

func encodeBalance(balance *sdk.Balance) *pb.Balance {
	return &pb.Balance{
		Name:   balance.Name,
		Amount: encodeMoneyOrNil(&balance.Amount),
	}
}

func decodeBalance(read *reader, from *pb.Balance) sdk.Balance {
	if from.GetAmount() == nil {
		read.fail("amount", "missing")
	}
	return sdk.Balance{
		Name:   from.GetName(),
		Amount: read.signedMoney("amount", from.GetAmount()),
	}
}
