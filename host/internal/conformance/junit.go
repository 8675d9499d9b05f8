package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The form that JUnit made common: build servers read it.
type (
	junitSuite struct {
		XMLName   xml.Name    `xml:"testsuite"`
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		Time    string       `xml:"time,attr"`
		Failure *junitReason `xml:"failure,omitempty"`
		Skipped *junitReason `xml:"skipped,omitempty"`
	}
	junitReason struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as JUnit's XML. A case that was not run counts
// as failed.
func (r *Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{
		Name:      "conformance of " + r.Plugin + " " + r.Version,
		Tests:     len(r.Cases),
		Time:      seconds(r.Duration),
		Timestamp: r.Started.Format(time.RFC3339),
	}

	for _, result := range r.Cases {
		entry := result.junit(r.Plugin)
		if entry.Failure != nil {
			suite.Failures++
		}
		if entry.Skipped != nil {
			suite.Skipped++
		}

		suite.Cases = append(suite.Cases, entry)
	}

	// Indented: people read it too.
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suite); err != nil {
		return err
	}

	_, err := io.WriteString(w, "\n")
	return err
}

func (r Result) junit(class string) junitCase {
	entry := junitCase{Class: class, Name: r.Name, Time: seconds(r.Duration)}
	switch r.State {
	case Passed:
	case Failed:
		entry.Failure = &junitReason{Message: r.Rule, Text: r.text()}
	case NotRun:
		entry.Failure = &junitReason{Message: "not run"}
	default:
		entry.Skipped = &junitReason{Message: r.Why}
	}

	return entry
}

// text returns all failures, a line each.
func (r Result) text() string {
	var lines []string
	for _, failure := range r.Failures {
		line := failure.Text
		if failure.Part != "" {
			line = failure.Part + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
