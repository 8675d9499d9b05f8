package scanner

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const canary = `ca/+na"ry<&>% 7`

func TestScannerFindsEverySpelling(t *testing.T) {
	quoted, err := json.Marshal(canary)
	if err != nil {
		t.Fatal(err)
	}

	for name, text := range map[string]string{
		"as it is":         canary,
		"in a query":       "a=b&key=" + url.QueryEscape(canary),
		"in a path":        "/x/" + url.PathEscape(canary),
		"in JSON":          string(quoted),
		"in JSON of a log": `{"msg":"ca/+na\"ry<&>% 7"}`,
	} {
		s := &Scanner{}
		s.Add("api_key", canary)
		if _, err := fmt.Fprintln(s, "before", text, "after"); err != nil {
			t.Fatal(err)
		}

		want := []string{"a log line holds the value of api_key"}
		if got := s.Findings(); !slices.Equal(got, want) {
			t.Errorf("%s: found %q", name, got)
		}
		if again := s.Findings(); len(again) > 0 {
			t.Errorf("%s: found once more: %q", name, again)
		}
	}
}

// A log line may arrive in pieces.
func TestScannerPutsLinesTogether(t *testing.T) {
	s := &Scanner{}
	s.Add("api_key", "canary-canary")

	for _, piece := range []string{"first\nkey=cana", "ry-can", "ary", " end\nlast"} {
		if _, err := s.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}

	if got := s.Findings(); len(got) != 1 {
		t.Errorf("found %q", got)
	}
}

func TestScannerScansAnswersAndErrors(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		err    error
		want   []string
	}{
		"an answer with it":  {canary, nil, []string{"the answer of GetX holds the value of api_key"}},
		"an answer without":  {"fine", nil, nil},
		"an error with it":   {"", status.Error(codes.Internal, "no: "+canary), []string{"the error of GetX holds the value of api_key"}},
		"an error without":   {canary, status.Error(codes.Internal, "no"), nil},
		"a detail's content": {"", detailed(t), []string{"the error of GetX holds the value of api_key"}},
	} {
		s := &Scanner{}
		s.Add("api_key", canary)
		invoke := func(_ context.Context, _ string, _, reply any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
			reply.(*wrapperspb.StringValue).Value = c.answer
			return c.err
		}

		err := s.Intercept(
			t.Context(),
			"/payhost.provider.v1.ProviderService/GetX",
			nil,
			&wrapperspb.StringValue{},
			nil,
			invoke,
		)
		if status.Code(err) != status.Code(c.err) {
			t.Errorf("%s: the call's error became %v", name, err)
		}

		if got := s.Findings(); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %q", name, got)
		}
	}
}

func detailed(t *testing.T) error {
	t.Helper()
	detail, err := status.New(codes.Internal, "no").WithDetails(wrapperspb.String(canary))
	if err != nil {
		t.Fatal(err)
	}
	return detail.Err()
}
