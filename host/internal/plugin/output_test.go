//go:build linux

package plugin_test

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// go-plugin trap 21: a slow log of the host stalls the plugin's calls.
func TestSlowLogDoesNotSlowThePlugin(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	stall := make(chan struct{})
	s.log.setStall(stall)
	provider.Say("flood 5000")
	if said := invoke(t, a); said != "flooded" { // it would not come back while the log stands still
		t.Errorf("it said %q", said)
	}
	close(stall)
	p.Stop(5 * time.Second)
	line, ok := s.log.find("records dropped")
	_, count, _ := strings.Cut(line, "dropped=")
	count, _, _ = strings.Cut(count, " ")
	if n, err := strconv.Atoi(count); !ok || err != nil || n < 1000 {
		t.Errorf("what was dropped is not counted: %q", line)
	}
	if _, ok := s.log.find("INFO flood", "line=3", "account=main", "plugin=actor", "version=1.0.0", "pid="); !ok {
		t.Errorf("nothing of the flood is in the log:\n%.2000s", s.log.text())
	}
}

func TestHangingLogDoesNotKeepAProcessFromStopping(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	stall := make(chan struct{})
	s.log.setStall(stall)
	provider.Say("flood 10")
	invoke(t, a)
	p.Stop(5 * time.Second)
	if running(p.PID()) {
		t.Error("it still runs")
	}
	close(stall)
}

// go-plugin trap 22: a line over 64 KB on stdout stops the reader and blocks the plugin.
func TestLineWithoutEndDoesNotBlockThePlugin(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	provider.Say("stdout " + strconv.Itoa(1<<20))
	if said := invoke(t, a); said != "printed" {
		t.Errorf("it said %q", said)
	}
	p.Stop(5 * time.Second)
	if _, ok := s.log.find("INFO yyyy", "stream=stdout"); !ok {
		t.Error("the long line's beginning is not in the log")
	}
	if _, ok := s.log.find("INFO and a short line", "stream=stdout"); !ok {
		t.Error("the line after it is not in the log")
	}
}

// What a plugin prints is not trusted to be what it should: go-plugin's own reader falls over the third.
func TestWhateverIsPrintedOnStderrIsLogged(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	s.mask.Add("top-secret-1")
	for _, c := range []struct{ print, want string }{
		{`plain text`, `INFO plain text stream=stderr`},
		{`{"@level":"warn","@message":"structured","@timestamp":"x","n":7,"plugin":"another"}`, `WARN structured n=7 plugin_plugin=another`},
		{`{"@message":5,"@level":{"a":1},"@timestamp":[]}`, `INFO {"@message":5`},
		{`{"msg":"slog","level":"ERROR","deep":{"key":["top-secret-1"]}}`, `ERROR slog deep=map[key:[[secret]]]`},
		{`{"msg":"cut off`, `INFO {"msg":"cut off`},
		{`with top-secret-1 in it`, `INFO with [secret] in it`},
		{`{"msg":"key is top-secret-1"}`, `INFO key is [secret]`},
		{`panic: a bug`, `ERROR panic: a bug`},
		{`goroutine 1 [running]:`, `ERROR goroutine 1 [running]:`},
	} {
		provider.Say("rawstderr " + c.print)
		invoke(t, a)
		eventually(t, c.want, func() bool { _, ok := s.log.find(c.want); return ok })
	}
	if strings.Contains(s.log.text(), "top-secret-1") {
		t.Error("a secret is in the log")
	}
}

func TestWhatThePluginPrintsThroughTheSDKIsLogged(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	provider.Say("stderr written with os.Stderr")
	invoke(t, a)
	eventually(t, "the line is logged", func() bool { _, ok := s.log.find("written with os.Stderr"); return ok })
}
