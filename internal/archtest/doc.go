// Package archtest keeps the shape of the repository: what may import what,
// what a provider's folder holds, and that every package says what it is for.
// Each rule is a test that names the offender, the ban and the ban's reason.
//
//	sdk <- sdk/internal/wire <- sdk/serve, sdk/client
//	sdk, sdk/serve, sdk/providerhttp, sdk/signature, sdk/providertest <- plugins/*
//	sdk, sdk/client <- host <- host/cmd
//	internal/redact <- sdk, host
//
// The rules read source text only, build constraints aside, so that a file for
// another system is held to them too.
package archtest
