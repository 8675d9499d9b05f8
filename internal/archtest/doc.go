// Package archtest keeps the shape of the repository: what may import what, what a provider's folder holds, and that
// every package says what it is for. Each rule is a test that names the offender, the ban and the ban's reason.
//
//	sdk/internal <- sdk <- sdk/providerhttp, sdk/signature, sdk/conformance <- sdk/providertest <- plugins/*
//	                sdk <- host <- host/cmd
//	internal/redact <- sdk, host
//
// The rules read source text only, build constraints aside, so that a file for another system is held to them too.
package archtest
