package sdk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestEndpointURL(t *testing.T) {
	const sandbox, live = "https://sandbox.example/", "https://live.example"
	for _, c := range []struct {
		e    Endpoint
		want string
	}{
		{Endpoint{Environment: Sandbox}, "https://sandbox.example"},
		{Endpoint{Environment: Live}, "https://live.example"},
		{Endpoint{Environment: Sandbox, BaseURL: "http://127.0.0.1:9/x//"}, "http://127.0.0.1:9/x"},
		{Endpoint{Environment: Live, BaseURL: "https://other.example"}, "https://other.example"},
		{Endpoint{}, "https://sandbox.example"},
	} {
		if got := c.e.URL(sandbox, live); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.e, got, c.want)
		}
	}
}

func TestEndpointProblems(t *testing.T) {
	const notAbsolute = "base_url: must be an absolute http or https URL without user information"
	const notHTTPS = "base_url: must be https in live, unless its host is this machine"

	const plain = "base_url: must be a URL without query and fragment"
	for _, c := range []struct{ environment, url, want string }{
		{"live", "https://pay.example", ""},
		{"live", "https://pay.example:8443/api/", ""},
		{"live", "HTTPS://pay.example", ""},
		{"live", "https://[2001:db8::1]/", ""},
		{"live", "http://127.0.0.1:9", ""},
		{"live", "http://127.200.0.1", ""},
		{"live", "http://[::1]:9", ""},
		{"live", "http://localhost:9", ""},
		{"live", "http://pay.example", notHTTPS},
		{"live", "http://localhost.pay.example", notHTTPS},
		{"live", "http://127.0.0.1.pay.example", notHTTPS},
		{"live", "http://0.0.0.0", notHTTPS},
		{"live", "http://192.168.0.1", notHTTPS},
		{"sandbox", "http://pay.example", ""},
		{"sandbox", "pay.example", notAbsolute},
		{"sandbox", "//pay.example", notAbsolute},
		{"sandbox", "https:pay.example", notAbsolute},
		{"sandbox", "https://", notAbsolute},
		{"sandbox", "https://:443", notAbsolute},
		{"sandbox", "ftp://pay.example", notAbsolute},
		{"sandbox", "https://user:hunter2@pay.example", notAbsolute},
		{"sandbox", "https://@pay.example", notAbsolute},
		{"sandbox", "https://pay example", notAbsolute},
		{"sandbox", "https://pay.example:x", notAbsolute},
		{"sandbox", "https://pay.example:", ""},
		{"sandbox", "https://pay.example:65536", "base_url: must be a URL with a port from 1 to 65535"},
		{"sandbox", "https://pay.example:0", "base_url: must be a URL with a port from 1 to 65535"},
		{"sandbox", "https://pay.example/?a=b", plain},
		{"sandbox", "https://pay.example?", plain},
		{"sandbox", "https://pay.example/#", plain},
		{"sandbox", " https://pay.example", "base_url: starts or ends with white space, which usually comes from a file's last line"},
		{"production", "http://pay.example", `environment: must be one of "sandbox", "live"`},
		{"", "", "environment: is missing"},
	} {
		t.Run(c.environment+" "+c.url, func(t *testing.T) {
			type config struct{ Endpoint }
			_, err := decodeInput[config](
				fmt.Appendf(nil, `{"environment":%q,"base_url":%q}`, c.environment, c.url),
			)
			if c.want == "" {
				wantProblems(t, err)
			} else {
				wantProblems(t, err, c.want)
			}
		})
	}
}

// decodeInput is DecodeInput, for a struct of its own.
func decodeInput[C any](text []byte) (C, error) {
	var config C
	err := DecodeInput(text, &config)
	return config, err
}

// wantProblems compares an error's violations, as "field: message".
func wantProblems(t *testing.T, err error, want ...string) {
	t.Helper()
	var got []string
	if e := AsError(err); e != nil {
		for _, v := range e.Violations {
			got = append(got, v.Field+": "+v.Message)
		}
	}

	if !slices.Equal(got, want) {
		t.Errorf(
			"got:\n  %s\nwant:\n  %s",
			strings.Join(got, "\n  "),
			strings.Join(want, "\n  "),
		)
	}
}
