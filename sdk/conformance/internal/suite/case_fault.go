package suite

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

const (
	unknownRule = "A reply that is not what the provider's document shows is never read as success: the outcome is unknown for " +
		"calls that can move money, and unavailable for reads."
	repeatRule = "A plugin sends what can move money once: whether it is sent again is the host's decision."
)

var faultCases = []testCase{
	{
		name: "provider away",
		rule: "not_sent: proven that no byte of the request left this machine.",
		run:  providerAway,
	},
	{name: "faults of writes", rule: unknownRule, run: func(run *caseRun) { run.eachFault(run.able(true), (*caseRun).faultyWrite) }},
	{name: "faults of reads", rule: unknownRule, run: func(run *caseRun) { run.eachFault(run.able(false), (*caseRun).faultyRead) }},
	{
		name: "bad credentials",
		rule: "authentication: the provider does not accept our credentials. refused: proven that the provider answered that it did nothing.",
		run:  badCredentials,
	},
}

// breakage is one way in which an answer can go wrong.
type breakage struct {
	name  string
	fault fault.Fault
	// processed: the provider did what it was asked for.
	processed bool
}

var breakages = []breakage{
	{"a web page", fault.Fault{Kind: fault.HTML}, false},
	{"a web page after processing", fault.Fault{Kind: fault.HTML, Status: http.StatusBadGateway, Processed: true}, true},
	{"nothing", fault.Fault{Kind: fault.Empty}, false},
	{"nothing with status 204", fault.Fault{Kind: fault.Empty, Status: http.StatusNoContent, Processed: true}, true},
	{"half an answer", fault.Fault{Kind: fault.Truncated}, true},
	{"8 MiB", fault.Fault{Kind: fault.Giant}, false},
	{"an empty object", fault.Fault{Kind: fault.Error, Status: http.StatusOK, Body: `{}`, Processed: true}, true},
	{"null", fault.Fault{Kind: fault.Error, Status: http.StatusOK, Body: `null`, Processed: true}, true},
	{"status 500", fault.Fault{Kind: fault.Error}, false},
	{"status 503 after processing", fault.Fault{Kind: fault.Error, Status: http.StatusServiceUnavailable, Processed: true}, true},
	{"a reset connection", fault.Fault{Kind: fault.Reset}, false},
	{"a reset connection after processing", fault.Fault{Kind: fault.Reset, Processed: true}, true},
	{"a lost answer", fault.Fault{Kind: fault.LostResponse}, true},
}

// eachFault tries every fault with every verb that speaks to the provider.
func (run *caseRun) eachFault(verbs []verbSpec, try func(*caseRun, verbSpec, breakage)) {
	for _, verb := range verbs {
		if len(run.usual(verb)) == 0 {
			continue
		}
		run.part(string(verb.capability), func(run *caseRun) {
			for _, b := range breakages {
				try(run, verb, b)
			}
		})
	}
}

// moving is the HTTP method of the request that makes a write: the last that is not only asking, if there is one.
func moving(methods []string) string {
	for _, m := range slices.Backward(methods) {
		if m != http.MethodGet && m != http.MethodHead {
			return m
		}
	}
	return http.MethodGet
}

// inject makes the fault happen to requests of the method, "" is all, until the case clears it.
func (run *caseRun) inject(f fault.Fault, method string) {
	f.Method = method
	run.must(run.proxy.Faults.Add(f), "a fault")
}

// The fault meets only the request that writes: what a plugin asks beforehand may fail with a clear "not sent".
func (run *caseRun) faultyWrite(verb verbSpec, b breakage) {
	call := verb.prepare(run)
	method := moving(run.usual(verb))
	run.inject(b.fault, method)
	run.proxy.Mark()
	_, err := call.send(run.ctx, run.account)
	run.proxy.Faults.Clear()
	run.want(err, "", sdk.OutcomeUnknown, "%s answered with %s", verb.capability, b.name)
	run.newAttempt(verb, call, err)
	if sent, usual := count(run.proxy.Since(), method), count(run.usual(verb), method); sent > usual {
		y := *run
		y.rule = repeatRule
		y.fail("%s answered with %s: %d requests of %s where %d are usual", verb.capability, b.name, sent, method, usual)
	}
	if n := run.executedBy(call); n >= 0 && n != oneIf(b.processed) {
		run.fail("%s answered with %s: the provider's books have it %d times", verb.capability, b.name, n)
	}
}

// newAttempt: a link that nobody has paid may be made anew, anything else may not.
func (run *caseRun) newAttempt(verb verbSpec, call verbCall, err error) {
	var e *sdk.Error
	if call.kind != "" && errors.As(err, &e) && e.NewAttemptSafe && !call.guarantee.LinkOnly {
		run.fail("%s: a new attempt is called safe, but creating moves money: %v", verb.capability, err)
	}
}

func count(list []string, one string) int {
	n := 0
	for _, s := range list {
		if s == one {
			n++
		}
	}
	return n
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A read in doubt costs nothing, so only the code counts: hosts ask again on unavailable.
func (run *caseRun) faultyRead(verb verbSpec, b breakage) {
	call := verb.prepare(run)
	run.inject(b.fault, "")
	run.proxy.Mark()
	_, err := call.send(run.ctx, run.account)
	run.proxy.Faults.Clear()
	if len(run.proxy.Since()) == 0 {
		return // answered from what the plugin knew already
	}
	run.want(err, sdk.CodeUnavailable, "", "%s answered with %s", verb.capability, b.name)
}

// The plugin is configured for an address where nobody listens; what the calls are about is made at the real one.
func providerAway(run *caseRun) {
	const other = "away"
	_, err := run.client.Configure(run.ctx, other, run.configAway())
	run.must(err, "Configure")
	for _, verb := range run.calling() {
		call := verb.prepare(run)
		_, err := call.send(run.ctx, run.client.Account(other))
		if verb.capability == sdk.CapabilityCheckHealth && sdk.CodeOf(err) == sdk.CodeUnavailable {
			continue // its answer has no outcome
		}
		run.want(err, sdk.CodeUnavailable, sdk.OutcomeNotSent, "%s of a provider that is away", verb.capability)
		if n := run.executedBy(call); n > 0 {
			run.fail("%s of a provider that is away: the books have it", verb.capability)
		}
	}
}

// badCredentials replaces every secret by another of the same length. A
// configuration that is refused for it is as good as a call that is.
func badCredentials(run *caseRun) {
	config := run.members()
	for _, key := range run.secretKeys() {
		if len(texts(config[key])) > 0 {
			config = with(config, key, string(another(config[key])))
		}
	}
	const other = "stranger"
	_, err := run.client.Configure(run.ctx, other, written(config))
	if (sdk.CodeOf(err) == sdk.CodeInvalidRequest) && (sdk.OutcomeOf(err) == sdk.OutcomeNotSent) {
		return // the plugin knows what its secrets look like: nobody can use these
	}
	run.must(err, "Configure with other secrets of the same length")
	stranger := run.client.Account(other)
	for _, verb := range run.calling() {
		call := verb.prepare(run)
		_, err := call.send(run.ctx, stranger)
		if verb.capability == sdk.CapabilityCheckHealth {
			run.want(err, "", "", "CheckHealth with wrong credentials")
			continue
		}
		run.want(err, sdk.CodeAuthentication, sdk.OutcomeRefused, "%s with wrong credentials", verb.capability)
		if n := run.executedBy(call); n > 0 {
			run.fail("%s with wrong credentials: the books have it", verb.capability)
		}
	}
}

// another gives a JSON string or list of the same shape with other letters in it.
func another(value json.RawMessage) json.RawMessage {
	turned := func(s string) string {
		out := []byte(s)
		for i, c := range out {
			switch {
			case c >= 'a' && c < 'z', c >= 'A' && c < 'Z', c >= '0' && c < '9':
				out[i] = c + 1
			case c == 'z', c == 'Z', c == '9':
				out[i] = c - 1
			}
		}
		return string(out)
	}
	list := texts(value)
	for i := range list {
		list[i] = turned(list[i])
	}
	var wrong any = list
	if value[0] == '"' {
		wrong = list[0]
	}
	text, err := json.Marshal(wrong)
	if err != nil {
		panic(err) // texts
	}
	return text
}
