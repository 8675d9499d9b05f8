package plugin

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
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
		mask := &Mask{}
		mask.Add(sdk.NewSecret("hush-hush-1"))
		s := newLogSink(
			slog.New(
				slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}),
			),
		)

		o := &output{sink: s, mask: mask}
		readLines(bytes.NewReader(printed), o.stderrLine)
		readLines(bytes.NewReader(printed), o.stdoutLine)
		quoted := o.quote(io.ErrUnexpectedEOF).Error()
		s.close(time.Minute)
		if strings.Contains(quoted, "hush-hush-1") ||
			strings.Contains(log.String(), "hush-hush-1") {
			t.Errorf("a secret is shown: %s\n%s", quoted, log.String())
		}
	})
}

func TestMaskKnowsASecretInAllItsForms(t *testing.T) {
	key := "-----BEGIN KEY-----\nMIIabcdefghijklmnop\nqrst\n-----END KEY-----"
	var m Mask
	m.Add(
		sdk.NewSecret("p@ss\"word/1"),
		sdk.NewSecret("p@ss"),
		sdk.NewSecret("abc"),
		sdk.NewSecret(""),
		sdk.NewSecret(key),
		sdk.NewSecret(`a"&b<c`),
	)

	for text, want := range map[string]string{
		`it is p@ss"word/1.`:             "it is [secret].",
		`{"k":"p@ss\"word/1"}`:           `{"k":"[secret]"}`,
		"https://x/?k=p%40ss%22word%2F1": "https://x/?k=[secret]",
		`{"k":"p@ss\"word\/1"}`:          `{"k":"[secret]"}`,
		`{"k":"a\"\u0026b\u003cc"}`:      `{"k":"[secret]"}`,
		`{"k":"a\"&b<c"}`:                `{"k":"[secret]"}`,
		"only p@ss":                      "only [secret]",
		"abc is too short":               "abc is too short",
		"MIIabcdefghijklmnop":            "[secret]",
	} {
		if got := m.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}

	for text, want := range map[string]string{
		`{"b":"{\"k\":\"p@ss\\\"word/1\"}","a":[1.0,"\u0061","x p@ss"]}`: `{"b":"{\"k\":\"[secret]\"}","a":[1.0,"\u0061","x [secret]"]}`,
		`{"p@ss":"\\"}`: `{"[secret]":"\\"}`,
		`[]`:            `[]`,
	} {
		if got := string(m.JSON([]byte(text))); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}

	if got := (*Mask)(nil).Text("x"); got != "x" {
		t.Error(got)
	}
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
	if err := o.quote(io.ErrUnexpectedEOF); !strings.Contains(
		err.Error(),
		"the last words",
	) {
		t.Errorf("err = %v", err)
	}

	taken := s.dropped.Load() - (2*lines + 1 - logLinesOnce)
	if taken < 0 ||
		taken > logLinesOnce { // what the log did not take in time is dropped as well
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
