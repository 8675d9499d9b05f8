package conformance

import "time"

// State is how a case ended.
type State string

// The states.
const (
	Passed State = "passed"
	Failed State = "failed"
	// LeftOut is a case that the caller excluded, or a part of which was left
	// out, since the simulator cannot do what it needs.
	LeftOut State = "left_out"
	// NotNeeded is a case about a capability that the account does not have.
	NotNeeded State = "not_needed"
	// NotRun is a case that the run did not reach: the plugin did not start, or
	// the run was broken off.
	NotRun State = "not_run"
)

// Report is what a run found out. Its texts hold none of the account's secrets.
type Report struct {
	Plugin       string        `json:"plugin"`
	Version      string        `json:"version"`
	Contract     int           `json:"contract_version"`
	File         string        `json:"file"`
	SHA256       string        `json:"sha256"`
	Simulator    string        `json:"simulator"`
	Capabilities []string      `json:"capabilities"` // of the account
	Started      time.Time     `json:"started_at"`
	Duration     time.Duration `json:"-"`
	DurationMS   int64         `json:"duration_ms"`
	Passed       int           `json:"passed"`
	Failed       int           `json:"failed"`
	Cases        []Result      `json:"cases"` // in the kit's order
}

// Result is how one case ended.
type Result struct {
	Name     string        `json:"name"`
	Rule     string        `json:"rule,omitempty"` // the sentence of the contract
	State    State         `json:"state"`
	Why      string        `json:"why,omitempty"` // the case was not run
	Duration time.Duration `json:"-"`
	// DurationMS is the same in milliseconds.
	DurationMS int64     `json:"duration_ms"`
	Failures   []Failure `json:"failures,omitempty"`
}

// Failure is one thing that is wrong.
type Failure struct {
	Part string `json:"part,omitempty"` // of the case, such as a verb
	Text string `json:"text"`
}

// Ok reports whether everything passed that had to.
func (r *Report) Ok() bool {
	return r.Count(Failed)+r.Count(NotRun) == 0
}

// Count returns how many cases ended in the state.
func (r *Report) Count(state State) int {
	count := 0
	for _, result := range r.Cases {
		if result.State == state {
			count++
		}
	}
	return count
}
