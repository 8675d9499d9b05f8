package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestBothTreesAreComparedRowByRow(t *testing.T) {
	b := &bench{plan: quickPlan, base: "abc", sides: []*side{{name: "now"}, {name: "base"}}}
	row := payRow("SQLite", 1000, manyCallers)
	b.report.add(chapterPayments, row, 0, figures{PerSecond: 3000, CPU: 500 * time.Microsecond})
	b.report.add(chapterPayments, row, 1, figures{PerSecond: 1500, CPU: time.Millisecond})

	text := b.text("x.svg")
	for _, want := range []string{
		"Made by `make bench-quick BASE=abc`",
		"| SQLite, 1,000 rows, 64 callers | base | 1500 | – | – | 1000 µs | | | |\n" +
			"| | now | 3000 | – | – | 500 µs | × 2.00 | – | × 0.50 |",
		"| SQLite, 64 callers | 2 × base payments/s | 1500 | 3000 | × 2.00 |",
		"| host's CPU a payment over HTTP | 0.6 ms | – | – | – |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
}

func TestWithoutABaseThereAreNoRatios(t *testing.T) {
	b := &bench{plan: wholePlan, sides: []*side{{name: "now"}}}
	b.report.add(chapterCalls, callRow(wayHost, 1), 0, figures{PerSecond: 9.5, P50: time.Millisecond})
	b.report.add(chapterCalls, callRow(wayPlain, 1), 0, figures{PerSecond: 9, P50: 2 * time.Millisecond})

	text := b.text("x.svg")
	for _, want := range []string{
		"| the host's whole chain, 1 caller | 9.5 | 1000 µs | – | – |\n",
		"| host's chain / plain go-plugin, p50 of 1 caller | ≤ 0.9 | 0.50 |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "×  ") || strings.Contains(text, "base |") {
		t.Errorf("there is no base:\n%s", text)
	}
}

func TestTheLastMinuteIsComparedWithTheBest(t *testing.T) {
	points := make([]point, 300)
	for k := range points {
		points[k].Done = 100
		if k >= 240 {
			points[k].Done = 50
		}
	}
	if got := kept(points); got != 0.5 {
		t.Errorf("kept is %v, wanted 0.5", got)
	}
	if got := kept(nil); got != 0 {
		t.Errorf("kept of nothing is %v", got)
	}
}

func TestThePictureIsXML(t *testing.T) {
	loads := []longLoad{
		{"now", 10, []point{{1, 1, time.Millisecond}, {2, 1, time.Second}}},
		{"base", 10, nil},
	}
	decoder := xml.NewDecoder(strings.NewReader(chart(loads)))
	lines := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if begun, ok := token.(xml.StartElement); ok && begun.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 4 {
		t.Errorf("there are %d lines, wanted one a load and figure", lines)
	}
}

// A process counts with its descendants, once, whatever the list of roots.
func TestProcessorTimeIsThatOfDescendants(t *testing.T) {
	processes := map[int]process{
		1:  {pid: 1, parent: 0, ticks: 1000},
		10: {pid: 10, parent: 1, ticks: 1},
		11: {pid: 11, parent: 10, ticks: 2},
		12: {pid: 12, parent: 11, ticks: 4},
		20: {pid: 20, parent: 1, ticks: 8},
	}
	for _, c := range []struct {
		roots []int
		want  time.Duration
	}{
		{[]int{10}, 7 * tick},
		{[]int{10, 12}, 7 * tick},
		{[]int{20, 0}, 8 * tick},
		{[]int{0}, 0},
		{[]int{99}, 0},
	} {
		if got := sumOf(processes, c.roots); got != c.want {
			t.Errorf("of %v it is %s, wanted %s", c.roots, got, c.want)
		}
	}
}
