package prove

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The form that JUnit made common: what build servers read.
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

// WriteJUnit writes the report as JUnit's XML. A case that was not run counts as failed.
func (r *Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{
		Name: "conformance of " + r.Plugin + " " + r.Version, Tests: len(r.Cases), Time: seconds(r.Duration),
		Timestamp: r.Started.Format(time.RFC3339),
	}
	for _, c := range r.Cases {
		j := junitCase{Class: r.Plugin, Name: c.Name, Time: seconds(c.Duration)}
		switch c.State {
		case Passed:
		case Failed:
			j.Failure = &junitReason{Message: c.Rule, Text: c.text()}
		case NotRun:
			j.Failure = &junitReason{Message: "not run"}
		default:
			j.Skipped = &junitReason{Message: c.Why}
		}
		if j.Failure != nil {
			suite.Failures++
		}
		if j.Skipped != nil {
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, j)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// text is all that is wrong, a line each.
func (c Result) text() string {
	var lines []string
	for _, f := range c.Failures {
		line := f.Text
		if f.Part != "" {
			line = f.Part + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
