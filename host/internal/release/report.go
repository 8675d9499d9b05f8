package release

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Report is what a release says of the conformance kit's run: the part of the
// kit's report that is judged.
type Report struct {
	Plugin   string `json:"plugin"`
	Version  string `json:"version"`
	Contract int    `json:"contract_version"`
	SHA256   string `json:"sha256"`
	Passed   int    `json:"passed"`
	Failed   int    `json:"failed"`
	Cases    []struct {
		Name  string `json:"name"`
		State string `json:"state"`
	} `json:"cases"`
}

// ParseReport reads what `payhost plugin test --json` has printed.
func ParseReport(text []byte) (*Report, error) {
	var report Report
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("not a report of payhost plugin test --json: %w", err)
	}
	if report.Plugin == "" || !hexSum.MatchString(report.SHA256) || len(report.Cases) == 0 {
		return nil, errors.New("not a report of payhost plugin test --json")
	}
	return &report, nil
}

// ok returns why the run does not count as passed. The cases are counted again:
// a sum beside them proves nothing.
func (r *Report) ok() error {
	passed := 0
	for _, result := range r.Cases {
		switch result.State {
		case "passed":
			passed++
		case "left_out", "not_needed":
		default:
			return fmt.Errorf("the conformance case %s is %s", result.Name, result.State)
		}
	}
	if passed == 0 {
		return errors.New("no conformance case has passed")
	}
	return nil
}

// about returns why the report is not one of the manifest's program for a
// platform.
func (r *Report) about(manifest *Manifest, platform string) error {
	program, err := manifest.Program(platform)
	switch {
	case err != nil:
		return err
	case r.SHA256 != program.SHA256:
		return fmt.Errorf("it is about a program with sha256 %s, and %s for %s has %s; "+
			"run payhost plugin test on that one", r.SHA256, manifest.Name(), platform, program.SHA256)
	case r.Plugin != manifest.Plugin || r.Version != manifest.Version ||
		r.Contract != manifest.Contract:
		return fmt.Errorf("it is about %s@%s, contract version %d, and the release is %s, "+
			"contract version %d", r.Plugin, r.Version, r.Contract, manifest.Name(), manifest.Contract)
	}
	return nil
}
