package plugin

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/internal/redact"
)

// FuzzOutput prints anything: it must neither end the host nor show a secret.
func FuzzOutput(f *testing.F) {
	for _, seed := range []string{
		"plain\nlines\n", "no end", "\n\n\n", "panic: x\ngoroutine 1\n", "\xff\xfe\n",
		`{"@level":"info","@message":"m","@timestamp":"2026-01-02T03:04:05.000000Z","a":1}`,
		`{"@message":5}`, `{"@message":null,"@level":[]}`, `{"msg":"m","level":{"x":1}}`, `{"msg":"m"}{"msg":"n"}`,
		`{"msg":"hush-hush-1","deep":[{"hush-hush-1":"hush-hush-1"},1e999,-0.0,true,null]}`, `{"msg":`, "{", `{"":""}`,
		strings.Repeat("x", maxLine+10) + "\nrest",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, printed []byte) {
		var log bytes.Buffer
		mask := &redact.Set{}
		mask.Add("hush-hush-1")
		s := newLogSink(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		o := &output{sink: s, mask: mask}
		readLines(bytes.NewReader(printed), o.stderrLine)
		readLines(bytes.NewReader(printed), o.stdoutLine)
		quoted := o.quote(io.ErrUnexpectedEOF).Error()
		s.close(time.Minute)
		if strings.Contains(quoted, "hush-hush-1") || strings.Contains(log.String(), "hush-hush-1") {
			t.Errorf("a secret is shown: %s\n%s", quoted, log.String())
		}
	})
}

// A plugin that logs without end costs the host neither its disk nor its time,
// and the log says what is missing of it.
func TestPluginThatLogsWithoutEndIsCutShort(t *testing.T) {
	const lines = 3 * logLinesOnce
	var log bytes.Buffer
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := newLogSink(slog.New(slog.NewTextHandler(&log, nil)))
	o := &output{sink: s, budget: newBudget()}
	o.budget.now = func() time.Time { return now }
	for range lines {
		o.stderrLine([]byte(`{"@message":"flood"}`))
		o.stdoutLine([]byte("flood"))
	}
	// The last of it is kept for errors all the same.
	o.stderrLine([]byte("the last words"))
	if err := o.quote(io.ErrUnexpectedEOF); !strings.Contains(err.Error(), "the last words") {
		t.Errorf("err = %v", err)
	}

	taken := s.dropped.Load() - (2*lines + 1 - logLinesOnce)
	if taken < 0 || taken > logLinesOnce { // what the log did not take in time is dropped as well
		t.Errorf("of %d lines %d were dropped", 2*lines+1, s.dropped.Load())
	}

	// A second later there is room again, for as much as a second has.
	now = now.Add(time.Second)
	within := 0
	for range 2 * logLines {
		if o.budget.takes(1) {
			within++
		}
	}
	if within != logLines {
		t.Errorf("%d lines a second", within)
	}
	now = now.Add(time.Hour)
	if !o.budget.takes(logBytesOnce) || o.budget.takes(maxLine) {
		t.Error("bytes are not counted")
	}
	s.close(time.Minute)
	if !strings.Contains(log.String(), "records dropped") {
		t.Error("the log does not say what was dropped")
	}
}

// Neither a key, nor the place where a line is cut, lets a secret or a half of one into the log or an error.
func TestSecretsAreMaskedWhereverALineIsCut(t *testing.T) {
	const canary = "canary-canary-canary"
	mask := &redact.Set{}
	mask.Add(canary)
	for name, print := range map[string]func(*output){
		"a key":     func(o *output) { o.stderrLine([]byte(`{"@message":"m","` + canary + `":1,"a ` + canary + `":[2]}`)) },
		"the quote": func(o *output) { o.stderrLine([]byte(strings.Repeat("x", tailLength-10) + canary)) },
		"the quote of a record": func(o *output) {
			o.stderrLine([]byte(`{"msg":"` + strings.Repeat("x", tailLength-10) + canary + `"}`))
		},
		"beyond the budget": func(o *output) {
			o.budget.takes(logBytesOnce)
			o.stderrLine([]byte(strings.Repeat("x", tailLength-10) + canary))
		},
		"a long line": func(o *output) {
			readLines(strings.NewReader(strings.Repeat("x", maxLine-10)+canary), o.stdoutLine)
		},
		"pieces": func(o *output) {
			w := newLineWriter(mask, o.stdoutLine)
			for _, piece := range []string{"x canary-can", "ary-canary y\n", "z cana", "ry-canary-canary", "\n"} {
				_, _ = w.Write([]byte(piece))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			sink := newLogSink(slog.New(slog.NewTextHandler(&log, nil)))
			o := &output{sink: sink, mask: mask, budget: newBudget()}
			now := time.Now()
			o.budget.now = func() time.Time { return now }
			print(o)
			said := o.quote(io.ErrUnexpectedEOF).Error()
			sink.close(time.Minute)
			if strings.Contains(log.String()+said, "anary") {
				t.Errorf("half a secret or more is shown: %.300s %.500s", log.String(), said)
			}
			if !strings.Contains(log.String()+said, redact.Mark) {
				t.Errorf("nothing was masked: %.300s %.500s", log.String(), said)
			}
		})
	}
}

func TestNumbersOfAPluginsRecordsAreNumbersUnlessTheyAreSecret(t *testing.T) {
	var log bytes.Buffer
	mask := &redact.Set{}
	mask.Add("8315550199")
	sink := newLogSink(slog.New(slog.NewJSONHandler(&log, nil)))
	o := &output{sink: sink, mask: mask, budget: newBudget()}

	o.stderrLine([]byte(`{"@message":"m","duration_ms":7,"in":{"n":12345678901234567890.50},` +
		`"pin":8315550199}`))
	sink.close(time.Minute)

	for _, want := range []string{`"duration_ms":7,`, `{"n":12345678901234567890.50}`, `"pin":"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "8315550199") {
		t.Errorf("a secret number is shown: %s", log.String())
	}
}
