package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind is what goes wrong.
type Kind string

// The kinds of faults in answers. Whether the request is processed is as said
// here, unless Fault.Processed says otherwise.
const (
	// Delay makes the request wait and then go on, perhaps to another fault;
	// see Fault.Processed.
	Delay Kind = "delay"
	// Error answers with Status (500) and Body as JSON, without processing.
	Error Kind = "error"
	// HTML answers with a web page and Status (200), without processing.
	HTML Kind = "html"
	// Empty answers with Status (200) and no body, without processing.
	Empty Kind = "empty"
	// Giant answers with Status (200) and 8 MiB of JSON, without processing.
	Giant Kind = "giant"
	// Reset resets the connection, without processing.
	Reset Kind = "reset"
	// Truncated ends the connection in the middle of the answer.
	Truncated Kind = "truncated"
	// SlowDrip sends the answer byte by byte, one every Delay.
	SlowDrip Kind = "slow_drip"
	// LostResponse ends the connection before the answer.
	LostResponse Kind = "lost_response"
)

// The kinds of faults in webhooks. Injector.Send does the first two, and
// simulators ask for the last with Take.
const (
	// Duplicate sends the webhook twice.
	Duplicate Kind = "duplicate"
	// Reordered sends the webhook after the next one, at the latest when the
	// faults are cleared.
	Reordered Kind = "reordered"
	// WrongSignature is a webhook whose signature does not verify.
	WrongSignature Kind = "wrong_signature"
)

// ofAnswers are the kinds that Wrap knows besides Delay, and ofWebhooks those
// of webhooks.
var (
	ofAnswers  = []Kind{Error, HTML, Empty, Giant, Reset, Truncated, SlowDrip, LostResponse}
	ofWebhooks = []Kind{Duplicate, Reordered, WrongSignature}
)

// Fault is one thing that goes wrong with some of the requests.
type Fault struct {
	Kind Kind
	// Method and Path choose the requests: Path is a prefix, both empty is all
	// of them. Faults of webhooks ignore them.
	Method string
	Path   string
	// Times is how often it happens; 0 is until it is cleared.
	Times int
	// Delay is how long Delay waits (1 s when 0) and how long SlowDrip waits
	// before each byte (100 ms when 0).
	Delay time.Duration
	// Status replaces the HTTP status of the kinds that answer by themselves.
	Status int
	// Body is what Error answers, in place of {"error":"injected fault"}: any
	// provider's own error can be played.
	Body string
	// Processed makes Error, HTML, Empty, Giant and Reset happen after the
	// request was processed: the answer of a proxy that gave up waiting. With
	// a Delay the answer waits in place of the request, and then no other
	// fault happens: the money is gone whether or not the caller waits. A
	// request that waits is dropped when its caller goes away.
	Processed bool
}

// wireFault is a Fault as the control API has it. Its delay is a Go duration.
type wireFault struct {
	Kind      Kind   `json:"kind"`
	Method    string `json:"method,omitempty"`
	Path      string `json:"path,omitempty"`
	Times     int    `json:"times,omitempty"`
	Delay     string `json:"delay,omitempty"`
	Status    int    `json:"status,omitempty"`
	Body      string `json:"body,omitempty"`
	Processed bool   `json:"processed,omitempty"`
}

// MarshalJSON writes the keys kind, method, path, times, delay ("500ms"),
// status, body and processed.
func (f Fault) MarshalJSON() ([]byte, error) {
	wire := wireFault{
		Kind:      f.Kind,
		Method:    f.Method,
		Path:      f.Path,
		Times:     f.Times,
		Status:    f.Status,
		Body:      f.Body,
		Processed: f.Processed,
	}

	if f.Delay != 0 {
		wire.Delay = f.Delay.String()
	}

	return json.Marshal(wire)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var wire wireFault
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}

	read := Fault{
		Kind:      wire.Kind,
		Method:    wire.Method,
		Path:      wire.Path,
		Times:     wire.Times,
		Status:    wire.Status,
		Body:      wire.Body,
		Processed: wire.Processed,
	}

	if wire.Delay != "" {
		delay, err := time.ParseDuration(wire.Delay)
		if err != nil {
			return errors.New(`delay must be a duration such as "500ms"`)
		}
		read.Delay = delay
	}

	// A fault that cannot be read as a whole leaves f as it was.
	*f = read
	return nil
}

func (f Fault) check() error {
	known := (f.Kind == Delay) || slices.Contains(ofAnswers, f.Kind) ||
		slices.Contains(ofWebhooks, f.Kind)
	if !known {
		return fmt.Errorf("there is no fault of the kind %q", f.Kind)
	}

	if (f.Times < 0) || (f.Delay < 0) {
		return errors.New("times and delay cannot be negative")
	}
	if (f.Status != 0) && ((f.Status < 200) || (f.Status > 599)) {
		return errors.New("status must be from 200 to 599")
	}

	return nil
}

func (f Fault) matches(r *http.Request) bool {
	method := (f.Method == "") || strings.EqualFold(f.Method, r.Method)
	return method && strings.HasPrefix(r.URL.Path, f.Path)
}

// statusOr returns the fault's own status, or else the kind's usual one.
func (f Fault) statusOr(usual int) int {
	if f.Status != 0 {
		return f.Status
	}
	return usual
}

// delayOr returns the fault's own delay, or else the kind's usual one.
func (f Fault) delayOr(usual time.Duration) time.Duration {
	if f.Delay != 0 {
		return f.Delay
	}
	return usual
}
