package rehearsal

import (
	"slices"
	"strings"
	"time"
)

// Report is what a rehearsal has found.
type Report struct {
	Provider  string  `json:"provider"`
	Plugin    string  `json:"plugin"`
	Serving   Program `json:"serving"`
	Candidate Program `json:"candidate"`

	Rehearsed Counts    `json:"rehearsed"`
	LeftOut   []LeftOut `json:"left_out"`
	// Varies are the parts that the serving program itself says otherwise each
	// time, by verb and place. They are not compared.
	Varies []string `json:"varies"`

	Differences []Difference `json:"differences"`
	// Times are the shortest call of each verb with either program.
	Times []Time `json:"times"`
	// Unneeded are the classes that were allowed and that nothing has.
	Unneeded []string `json:"unneeded"`
	// Differs reports whether there is a difference that was not allowed.
	Differs bool `json:"differs"`
}

// Program is one of the two.
type Program struct {
	File    string `json:"file"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// Counts say how much was rehearsed.
type Counts struct {
	Attempts int `json:"attempts"`
	Webhooks int `json:"webhooks"`
	// Forged are copies of verified webhooks that were changed on the way.
	Forged int `json:"forged"`
}

func (c Counts) calls() int { return c.Attempts + c.Webhooks + c.Forged }

// LeftOut counts what could not be rehearsed for one reason.
type LeftOut struct {
	Reason  string `json:"reason"`
	Count   int    `json:"count"`
	Example string `json:"example"`
}

func leftOut(list []LeftOut, reason, name string) []LeftOut {
	at := slices.IndexFunc(list, func(group LeftOut) bool { return group.Reason == reason })
	if at < 0 {
		return append(list, LeftOut{Reason: reason, Count: 1, Example: name})
	}
	list[at].Count++
	return list
}

// Difference is what the candidate does otherwise, of one class in one place.
type Difference struct {
	// Class is what is counted and allowed, such as "request.body.changed".
	Class   string `json:"class"`
	Allowed bool   `json:"allowed"`
	// Verb is the call, as in the contract; "" for what the programs say of
	// themselves. Place is the part, such as "body.amount".
	Verb  string `json:"verb,omitempty"`
	Place string `json:"place"`
	Count int    `json:"count"`
	// IDs are of payments, payouts, refunds and webhooks, at most ten.
	IDs     []string `json:"ids,omitempty"`
	Example Example  `json:"example"`
}

// Example is one of the calls. The texts are empty where they may be secret.
type Example struct {
	ID        string `json:"-"`
	Call      string `json:"call,omitempty"`
	Serving   string `json:"serving"`
	Candidate string `json:"candidate"`
}

// Time compares how long a verb takes, without the provider's part of it.
type Time struct {
	Verb        string  `json:"verb"`
	ServingMS   float64 `json:"serving_ms"`
	CandidateMS float64 `json:"candidate_ms"`

	serving, candidate time.Duration
}

const (
	// mostIDs bounds the ids that a difference names.
	mostIDs = 10
	// slower is how much longer the shortest call of a verb may take before that
	// is a difference.
	slower = 250 * time.Millisecond
)

func newReport(s *stage) *Report {
	describe := func(from *program) Program {
		return Program{File: from.Path, Version: from.info.Version, SHA256: from.Checksum}
	}
	return &Report{
		Provider:    s.options.Account.Name,
		Plugin:      s.options.Account.Plugin,
		Serving:     describe(s.serving),
		Candidate:   describe(s.candidate),
		LeftOut:     []LeftOut{},
		Varies:      []string{},
		Differences: []Difference{},
		Times:       []Time{},
		Unneeded:    []string{},
	}
}

func (r *Report) leaveOut(reason, name string) { r.LeftOut = leftOut(r.LeftOut, reason, name) }

// count counts a call that was rehearsed.
func (r *Report) count(made *call) {
	switch {
	case made.forged != "":
		r.Rehearsed.Forged++
	case made.webhook != nil:
		r.Rehearsed.Webhooks++
	default:
		r.Rehearsed.Attempts++
	}
}

// add counts differences of one class, verb and place together.
func (r *Report) add(found []Difference) {
	for _, difference := range found {
		at := slices.IndexFunc(r.Differences, func(known Difference) bool {
			return (known.Class == difference.Class) && (known.Verb == difference.Verb) &&
				(known.Place == difference.Place)
		})
		if at < 0 {
			at = len(r.Differences)
			r.Differences = append(r.Differences, difference)
		}

		known := &r.Differences[at]
		known.Count++
		id := difference.Example.ID
		if (id != "") && (len(known.IDs) < mostIDs) && !slices.Contains(known.IDs, id) {
			known.IDs = append(known.IDs, id)
		}
	}
}

// time keeps the shortest call of a verb.
func (r *Report) time(verb string, serving, candidate time.Duration) {
	at := slices.IndexFunc(r.Times, func(known Time) bool { return known.Verb == verb })
	if at < 0 {
		r.Times = append(r.Times, Time{Verb: verb, serving: serving, candidate: candidate})
		return
	}
	known := &r.Times[at]
	known.serving = min(known.serving, serving)
	known.candidate = min(known.candidate, candidate)
}

// conclude sorts the report, and says which differences are meant.
func (r *Report) conclude(allowed []string) {
	for i := range r.Times {
		known := &r.Times[i]
		known.ServingMS = milliseconds(known.serving)
		known.CandidateMS = milliseconds(known.candidate)
		if known.candidate > known.serving+slower {
			r.add([]Difference{{
				Class: "time",
				Verb:  known.Verb,
				Place: "time",
				Example: Example{
					Serving:   known.serving.Round(time.Millisecond).String() + " at least",
					Candidate: known.candidate.Round(time.Millisecond).String() + " at least",
				},
			}})
		}
	}

	slices.SortStableFunc(r.Differences, func(one, other Difference) int {
		return strings.Compare(one.Class+" "+one.Verb+" "+one.Place,
			other.Class+" "+other.Verb+" "+other.Place)
	})

	for i := range r.Differences {
		difference := &r.Differences[i]
		difference.Allowed = slices.ContainsFunc(allowed, difference.in)
		r.Differs = r.Differs || !difference.Allowed
	}

	for _, class := range allowed {
		has := func(difference Difference) bool { return difference.in(class) }
		if !slices.ContainsFunc(r.Differences, has) {
			r.Unneeded = append(r.Unneeded, class)
		}
	}
}

// in reports whether a difference is of a class, or of one that begins with it.
func (d *Difference) in(class string) bool {
	return (d.Class == class) || strings.HasPrefix(d.Class, class+".")
}

func milliseconds(took time.Duration) float64 {
	return float64(took.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
