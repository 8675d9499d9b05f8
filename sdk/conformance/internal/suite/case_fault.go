package suite

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/conformance/internal/proxy"
)

const (
	unknownRule = "A reply that is not what the provider's document shows is never read as success: " +
		"the outcome is unknown for calls that can move money, and unavailable for reads."
	repeatRule = "A plugin sends what can move money once: whether it is sent again is the host's decision."
)

var faultCases = []testCase{
	{
		name: "provider away",
		rule: "not_sent: proven that no byte of the request left this machine.",
		run:  providerAway,
	},
	{
		name: "faults of writes",
		rule: unknownRule,
		run:  func(run *caseRun) { run.eachFault(run.able(true), (*caseRun).faultyWrite) },
	},
	{
		name: "faults of reads",
		rule: unknownRule,
		run:  func(run *caseRun) { run.eachFault(run.able(false), (*caseRun).faultyRead) },
	},
	{
		name: "bad credentials",
		rule: "authentication: the provider does not accept our credentials. " +
			"refused: proven that the provider answered that it did nothing.",
		run: badCredentials,
	},
}

// breakage is one way in which an answer can go wrong.
type breakage struct {
	name  string
	fault fault.Fault
	// processed says that the provider did what it was asked for.
	processed bool
}

// breakages are tried with every verb.
var breakages = []breakage{
	{"a web page", fault.Fault{Kind: fault.HTML}, false},
	{"a web page after processing",
		fault.Fault{
			Kind:      fault.HTML,
			Status:    http.StatusBadGateway,
			Processed: true,
		}, true},
	{"nothing", fault.Fault{Kind: fault.Empty}, false},
	{"nothing with status 204",
		fault.Fault{
			Kind:      fault.Empty,
			Status:    http.StatusNoContent,
			Processed: true,
		}, true},
	{"half an answer", fault.Fault{Kind: fault.Truncated}, true},
	{"8 MiB", fault.Fault{Kind: fault.Giant}, false},
	{"an empty object",
		fault.Fault{
			Kind:      fault.Error,
			Status:    http.StatusOK,
			Body:      `{}`,
			Processed: true,
		}, true},
	{"null",
		fault.Fault{
			Kind:      fault.Error,
			Status:    http.StatusOK,
			Body:      `null`,
			Processed: true,
		}, true},
	{"status 500", fault.Fault{Kind: fault.Error}, false},
	{"status 503 after processing",
		fault.Fault{
			Kind:      fault.Error,
			Status:    http.StatusServiceUnavailable,
			Processed: true,
		}, true},
	{"a reset connection", fault.Fault{Kind: fault.Reset}, false},
	{
		"a reset connection after processing",
		fault.Fault{Kind: fault.Reset, Processed: true},
		true,
	},
	{"a lost answer", fault.Fault{Kind: fault.LostResponse}, true},
}

// eachFault tries every fault with every one of the verbs that speaks to the
// provider.
func (run *caseRun) eachFault(verbs []verbSpec, try func(*caseRun, verbSpec, breakage)) {
	for _, verb := range verbs {
		if len(run.usual(verb)) == 0 {
			continue
		}
		run.part(string(verb.capability), func(run *caseRun) {
			for _, broken := range breakages {
				try(run, verb, broken)
			}
		})
	}
}

// inject makes the fault happen to requests of the method, "" is all, until the
// case clears it.
func (run *caseRun) inject(f fault.Fault, method string) {
	f.Method = method
	run.must(run.proxy.Faults.Add(f), "a fault")
}

// moving returns the HTTP method of the request that makes a write: the last
// that does not only read, if there is one.
func moving(methods []string) string {
	for _, method := range slices.Backward(methods) {
		if (method != http.MethodGet) && (method != http.MethodHead) {
			return method
		}
	}
	return http.MethodGet
}

// faultyWrite breaks only the request that writes: a plugin whose earlier reads
// fail may say clearly that nothing was sent.
func (run *caseRun) faultyWrite(verb verbSpec, broken breakage) {
	call := verb.prepare(run)
	method := moving(run.usual(verb))
	run.inject(broken.fault, method)
	run.proxy.Mark()
	_, err := call.send(run.ctx, run.account)
	run.proxy.Faults.Clear()

	run.want(
		err,
		"",
		sdk.OutcomeUnknown,
		"%s answered with %s",
		verb.capability,
		broken.name,
	)

	run.newAttempt(verb, call, err)

	// The plugin itself must not send a second time.
	sent, usual := count(run.proxy.Since(), method), count(run.usual(verb), method)
	if sent > usual {
		repeating := *run
		repeating.rule = repeatRule
		repeating.fail("%s answered with %s: %d requests of %s where %d are usual",
			verb.capability, broken.name, sent, method, usual)
	}

	// The fault decides whether the provider acted, not the plugin.
	want := 0
	if broken.processed {
		want = 1
	}
	if n := run.executedBy(call); (n >= 0) && (n != want) {
		run.fail("%s answered with %s: the provider's books have it %d times",
			verb.capability, broken.name, n)
	}
}

// newAttempt checks what an error says of another attempt: a link that no
// customer has paid may be made a second time, anything else may not.
func (run *caseRun) newAttempt(verb verbSpec, call verbCall, err error) {
	var failure *sdk.Error
	if (call.kind == "") || call.guarantee.LinkOnly || !errors.As(err, &failure) {
		return
	}
	if failure.NewAttemptSafe {
		run.fail(
			"%s: a new attempt is called safe, but creating moves money: %v",
			verb.capability,
			err,
		)
	}
}

// count returns how often the list has the text.
func count(list []string, text string) int {
	n := 0
	for _, entry := range list {
		if entry == text {
			n++
		}
	}
	return n
}

// faultyRead looks at the code alone: a read in doubt costs nothing, and hosts
// query again on unavailable.
func (run *caseRun) faultyRead(verb verbSpec, broken breakage) {
	call := verb.prepare(run)
	run.inject(broken.fault, "")
	run.proxy.Mark()
	_, err := call.send(run.ctx, run.account)
	run.proxy.Faults.Clear()

	// Without a request there was no fault either.
	if len(run.proxy.Since()) == 0 {
		return // answered from what the plugin knew already
	}
	run.want(
		err,
		sdk.CodeUnavailable,
		"",
		"%s answered with %s",
		verb.capability,
		broken.name,
	)
}

// providerAway configures the plugin for an address where no program listens.
// The payments of the calls are made at the real one.
func providerAway(run *caseRun) {
	const other = "away"
	_, err := run.client.Configure(run.ctx, other, run.configAt(proxy.AwayURL))
	run.must(err, "Configure")

	for _, verb := range run.calling() {
		call := verb.prepare(run)
		_, err := call.send(run.ctx, run.client.Account(other))
		if (verb.capability == sdk.CapabilityCheckHealth) &&
			(sdk.CodeOf(err) == sdk.CodeUnavailable) {
			continue // its answer has no outcome
		}

		run.want(err, sdk.CodeUnavailable, sdk.OutcomeNotSent,
			"%s of a provider that is away", verb.capability)
		if run.executedBy(call) > 0 {
			run.fail("%s of a provider that is away: the books have it", verb.capability)
		}
	}
}

// badCredentials replaces every secret by another of the same length. A
// configuration that is refused for it is as good as a call that is.
func badCredentials(run *caseRun) {
	const other = "stranger"
	config := run.members()

	for _, key := range run.secretKeys() {
		if len(texts(config[key])) > 0 {
			config = with(config, key, string(another(config[key])))
		}
	}

	_, err := run.client.Configure(run.ctx, other, written(config))
	if (sdk.CodeOf(err) == sdk.CodeInvalidRequest) &&
		(sdk.OutcomeOf(err) == sdk.OutcomeNotSent) {
		return // the plugin knows the form of its secrets: these can never be used
	}

	run.must(err, "Configure with other secrets of the same length")

	// The provider must be asked, and its refusal must be read as one.
	stranger := run.client.Account(other)
	for _, verb := range run.calling() {
		call := verb.prepare(run)
		_, err := call.send(run.ctx, stranger)
		if verb.capability == sdk.CapabilityCheckHealth {
			run.want(err, "", "", "CheckHealth with wrong credentials")
			continue
		}

		run.want(err, sdk.CodeAuthentication, sdk.OutcomeRefused,
			"%s with wrong credentials", verb.capability)
		if run.executedBy(call) > 0 {
			run.fail("%s with wrong credentials: the books have it", verb.capability)
		}
	}
}

// another returns a JSON string or list of the same shape with other letters in
// it.
func another(value json.RawMessage) json.RawMessage {
	list := texts(value)
	for i := range list {
		list[i] = turned(list[i])
	}

	// A list stays a list, and a text a text.
	var changed any = list
	if value[0] == '"' {
		changed = list[0]
	}
	text, err := json.Marshal(changed)
	if err != nil {
		panic(err) // texts always encode
	}

	return text
}

// turned replaces every letter and digit by its neighbor.
func turned(text string) string {
	out := []byte(text)
	for i, c := range out {
		switch {
		case c == 'z', c == 'Z', c == '9':
			out[i] = c - 1
		case c >= 'a' && c < 'z', c >= 'A' && c < 'Z', c >= '0' && c < '9':
			out[i] = c + 1
		}
	}

	return string(out)
}
