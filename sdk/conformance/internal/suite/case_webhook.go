package suite

import (
	"reflect"

	"github.com/payhost/payhost/sdk"
)

const signatureRule = "A signature that does not verify is an error with CodeInvalidSignature; " +
	"what is believed of a webhook is what its signature covers."

var webhookCases = []testCase{
	{
		name:  "webhook genuine",
		needs: needs(sdk.CapabilityParseWebhook),
		rule: "ParseWebhook reads one raw webhook: is it genuine, what does it say, " +
			"and what does the provider want to hear back.",
		run: webhookGenuine,
	},
	{
		name:  "webhook twice",
		needs: needs(sdk.CapabilityParseWebhook),
		rule: "It must give the same events for the same bytes however often it is called: " +
			"a host replays stored webhooks.",
		run: webhookTwice,
	},
	{
		name:  "webhook changed",
		needs: needs(sdk.CapabilityParseWebhook),
		rule:  signatureRule,
		run:   webhookChanged,
	},
	{
		name:  "webhook unsigned",
		needs: needs(sdk.CapabilityParseWebhook),
		rule:  signatureRule,
		run:   webhookUnsigned,
	},
	{
		name:  "webhook of a stranger",
		needs: needs(sdk.CapabilityParseWebhook),
		rule: "The open URL proves nothing: without a signature or one of the provider's addresses " +
			"a webhook is only a hint.",
		run: webhookStranger,
	},
	{
		name:  "webhook junk",
		needs: needs(sdk.CapabilityParseWebhook),
		rule:  "A plugin can be sent anything: it answers every webhook, and never believes junk.",
		run:   webhookJunk,
	},
}

// webhookGenuine delivers every form in which the provider writes a webhook, on
// every kind of URL that is declared to be trusted.
func webhookGenuine(run *caseRun) {
	for _, webhook := range run.genuineWebhooks() {
		for trust, arrival := range run.arrivals(webhook) {
			result, err := run.account.ParseWebhook(run.ctx, arrival)
			if err != nil {
				run.fail("a genuine webhook, trusted by %s: %v", trust, err)
				continue
			}

			// Everything but a signature proves only where it came from.
			want := sdk.VerifiedByOrigin
			if trust == sdk.TrustSignature {
				want = sdk.VerifiedBySignature
			}
			if result.Verification != want {
				run.fail("a genuine webhook, trusted by %s, is verified by %q, not %q",
					trust, result.Verification, want)
			}

			// The provider sends it again until it is accepted.
			if !accepts(result) {
				run.fail(
					"a genuine webhook is answered with HTTP %d",
					result.Response.Status,
				)
			}

			run.success(webhook, result.Events)
		}
	}
}

// webhookTwice delivers a webhook twice. A host applies an event once, by its
// id or a hash of what it says: an event that differs is applied again.
func webhookTwice(run *caseRun) {
	for _, webhook := range run.genuineWebhooks() {
		for trust, arrival := range run.arrivals(webhook) {
			first, err := run.account.ParseWebhook(run.ctx, arrival)
			run.must(err, "a genuine webhook, trusted by %s", trust)
			second, err := run.account.ParseWebhook(run.ctx, arrival)
			run.must(err, "the same webhook again")
			if !reflect.DeepEqual(first, second) {
				run.fail("the same webhook, trusted by %s, says first %s and then %s",
					trust, readable(first), readable(second))
			}
		}
	}
}

// webhookStranger delivers genuine content from a strange address: the plugin
// must not take from the content, which anyone can write, what only an origin
// proves.
func webhookStranger(run *caseRun) {
	for _, webhook := range run.genuineWebhooks() {
		for trust := range run.arrivals(webhook) {
			req := webhook.on(sdk.ScopeOpen)
			req.Request.RemoteAddress = strangeAddress
			result, err := run.account.ParseWebhook(run.ctx, req)
			// A signature proves the content from any address, and a refusal
			// believes nothing.
			if (trust == sdk.TrustSignature) || (err != nil) {
				continue
			}

			if result.Verification == sdk.VerifiedByOrigin {
				run.fail(
					"trusted by %s, a webhook on the open URL from a strange address is verified by %q",
					trust,
					result.Verification,
				)
			}
		}
	}
}
