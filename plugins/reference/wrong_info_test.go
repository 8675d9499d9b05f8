package main

import (
	"errors"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

// What is wrong here is what the provider says of itself.

// refusing takes no configuration at all.
func refusing(config, sdk.Runtime) (*provider, error) {
	return nil, errors.New("nobody may use this")
}

// unnamed does not say what it is.
type unnamed struct{ *provider }

func (p unnamed) Info() sdk.Info {
	i := p.provider.Info()
	i.Description = ""
	return i
}

// linked takes a payout for something that can be made anew.
type linked struct{ *provider }

func (p linked) Info() sdk.Info {
	i := p.provider.Info()
	i.CreatePayout.LinkOnly = true
	return i
}

// twofold has two operations under one name.
type twofold struct{ *provider }

func (p twofold) Info() sdk.Info {
	i := p.provider.Info()
	i.Operations = append(i.Operations, i.Operations[0])
	return i
}

// narrowed has limits between which there is no amount.
type narrowed struct{ *provider }

func (p narrowed) Info() sdk.Info {
	i := p.provider.Info()
	least := decimal.NewFromInt(20000)
	i.PaymentLimits[0].Min = &least
	return i
}

// idle has an account that may do nothing.
type idle struct{ *provider }

func (p idle) DescribeAccount() sdk.AccountDescription {
	return sdk.AccountDescription{Without: []sdk.Capability{
		sdk.CapabilityCheckHealth, sdk.CapabilityListPaymentMethods, sdk.CapabilityCreatePayment, sdk.CapabilityConfirmPayment,
		sdk.CapabilityGetPayment, sdk.CapabilityListPayments, sdk.CapabilityCapturePayment, sdk.CapabilityCancelPayment,
		sdk.CapabilityCreateRefund, sdk.CapabilityGetRefund, sdk.CapabilityCreatePayout, sdk.CapabilityGetPayout,
		sdk.CapabilityListPayouts, sdk.CapabilityGetBalances, sdk.CapabilityParseWebhook, sdk.CapabilityParseReturn,
		sdk.CapabilityInvokeOperation,
	}}
}
