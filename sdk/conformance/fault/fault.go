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

// The kinds. What is said of processing holds unless Fault.Processed says
// otherwise.
const (
	// the request waits, then goes on, perhaps to another fault; see Processed
	Delay Kind = "delay"
	// not processed; answered with Status (500) and Body as JSON
	Error Kind = "error"
	HTML  Kind = "html"  // not processed; answered with a web page and Status (200)
	Empty Kind = "empty" // not processed; answered with Status (200) and no body
	// not processed; answered with Status (200) and 8 MiB of JSON
	Giant Kind = "giant"
	Reset Kind = "reset" // not processed; the connection is reset
	// processed; the connection ends in the middle of the answer
	Truncated    Kind = "truncated"
	SlowDrip     Kind = "slow_drip"     // processed; the answer comes byte by byte, one every Delay
	LostResponse Kind = "lost_response" // processed; the connection ends before the answer

	// These are for notices: Injector.Send does the first two, and simulators
	// ask for the last with Take.
	Duplicate Kind = "duplicate" // the notice is sent twice
	// it is sent after the next one, at the latest when the faults are cleared
	Reordered      Kind = "reordered"
	WrongSignature Kind = "wrong_signature" // its signature does not verify
)

// ofAnswers are the kinds that Wrap knows, and ofNotices those that simulators
// ask for.
var (
	ofAnswers = []Kind{Error, HTML, Empty, Giant, Reset, Truncated, SlowDrip, LostResponse}
	ofNotices = []Kind{Duplicate, Reordered, WrongSignature}
)

// Fault is one thing that goes wrong with some of the requests.
type Fault struct {
	Kind Kind
	// Method and Path choose the requests: Path is a prefix, both empty is all
	// of them. Notices ignore them.
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
	// request was processed: the answer of a proxy that gave up waiting. Of a
	// Delay it makes the answer wait in place of the request, and then no other
	// fault happens: the money is gone whether or not the caller waits. A
	// request that waits is forgotten when its caller goes away.
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
	w := wireFault{f.Kind, f.Method, f.Path, f.Times, "", f.Status, f.Body, f.Processed}
	if f.Delay != 0 {
		w.Delay = f.Delay.String()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var w wireFault
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	read := Fault{w.Kind, w.Method, w.Path, w.Times, 0, w.Status, w.Body, w.Processed}
	if w.Delay != "" {
		d, err := time.ParseDuration(w.Delay)
		if err != nil {
			return errors.New(`delay must be a duration such as "500ms"`)
		}
		read.Delay = d
	}

	*f = read
	return nil
}

func (f Fault) check() error {
	switch {
	case f.Kind != Delay && !slices.Contains(ofAnswers, f.Kind) && !slices.Contains(ofNotices, f.Kind):
		return fmt.Errorf("there is no fault of the kind %q", f.Kind)
	case f.Times < 0, f.Delay < 0:
		return errors.New("times and delay cannot be negative")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return errors.New("status must be from 200 to 599")
	}
	return nil
}

func (f Fault) matches(r *http.Request) bool {
	return (f.Method == "" || strings.EqualFold(f.Method, r.Method)) &&
		strings.HasPrefix(r.URL.Path, f.Path)
}

// status is the fault's own or else the kind's usual one.
func (f Fault) status(usual int) int {
	if f.Status != 0 {
		return f.Status
	}
	return usual
}

func (f Fault) delay(usual time.Duration) time.Duration {
	if f.Delay != 0 {
		return f.Delay
	}
	return usual
}
