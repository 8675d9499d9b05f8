package main

import (
	"strings"
	"testing"
)

const (
	pass     = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
	pkgPass  = `{"Action":"pass","Package":"p","Elapsed":1}` + "\n"
	pkgFail  = `{"Action":"fail","Package":"p"}` + "\n"
	fail     = `{"Action":"output","Package":"p","Test":"TestB","Output":"B is wrong\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestB"}` + "\n"
	skip     = `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:1: no C here\n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"TestC"}` + "\n"
	hang     = `{"Action":"output","Package":"p","Test":"TestD","Output":"panic: test timed out\n"}` + "\n"
	noTests  = `{"Action":"skip","Package":"q"}` + "\n"
	badBuild = `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: syntax error\n"}` + "\n" + `{"Action":"fail","Package":"p","FailedBuild":"p"}` + "\n"
)

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name, stream, allowed string
		without               []string
		good                  bool
		last, shows           string
	}{
		{name: "all pass", stream: pass + pkgPass + noTests, good: true, last: "1 passed, 0 failed, 0 skipped", shows: "ok   p 1.0s"},
		{name: "a failure shows its output", stream: pass + fail + pkgFail, last: "1 passed, 1 failed, 0 skipped", shows: "B is wrong"},
		{name: "a test that never ended", stream: pass + hang + pkgFail, last: "1 passed, 1 failed, 0 skipped", shows: "test timed out"},
		{name: "a package that does not build", stream: pass + badBuild, last: "1 passed, 1 failed, 0 skipped", shows: "syntax error"},
		{name: "no test at all", stream: noTests, last: "0 passed, 1 failed, 0 skipped", shows: "no test ran"},
		{name: "only skips", stream: skip + pkgPass, allowed: "always p.TestC why", last: "0 passed, 1 failed, 1 skipped", shows: "no test ran"},
		{name: "a skip that nothing allows", stream: pass + skip + pkgPass, last: "1 passed, 1 failed, 0 skipped", shows: "p.TestC: c_test.go:1: no C here"},
		{name: "a skip allowed by name", stream: pass + skip + pkgPass, allowed: "always ^p\\.TestC: because I say so", good: true, last: "1 passed, 0 failed, 1 skipped", shows: "because I say so"},
		{name: "a skip allowed by what it says", stream: pass + skip + pkgPass, allowed: "without-c no.C.here there is none", without: []string{"c"}, good: true, last: "1 passed, 0 failed, 1 skipped"},
		{name: "a skip allowed elsewhere only", stream: pass + skip + pkgPass, allowed: "without-c no.C.here there is none", last: "1 passed, 1 failed, 0 skipped"},
		{name: "not a stream of events", stream: pass + "flag provided but not defined", last: "1 passed, 1 failed, 0 skipped", shows: "not an event"},
	} {
		t.Run(c.name, func(t *testing.T) {
			allowed, err := parseAllowed(strings.NewReader(c.allowed), c.without)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			r := newReport(&out, allowed)
			good := r.finish(r.read(strings.NewReader(c.stream)))
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if last := lines[len(lines)-1]; good != c.good || last != c.last {
				t.Errorf(
					"good is %v, last line %q; want %v and %q",
					good,
					last,
					c.good,
					c.last,
				)
			}

			if !strings.Contains(out.String(), c.shows) {
				t.Errorf("nothing says %q:\n%s", c.shows, out.String())
			}
		})
	}
}

func TestAllowedNeedsAReason(t *testing.T) {
	for _, line := range []string{"always p.TestC", "sometimes p.TestC why", "always p.( why"} {
		if _, err := parseAllowed(strings.NewReader(line), nil); err == nil {
			t.Errorf("%q was accepted", line)
		}
	}
}
