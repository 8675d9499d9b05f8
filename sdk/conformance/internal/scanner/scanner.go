// Package scanner looks for the secrets of a configuration in everything that
// leaves a plugin.
package scanner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Scanner scans whole answers and errors as they are on the wire, and the log.
// The zero value knows no secrets and is ready to use, by any number of
// goroutines.
type Scanner struct {
	mu      sync.Mutex
	secrets map[string][]string // by their key: the spellings in which they can appear
	line    []byte              // of the log, until it is complete
	found   []string
}

// Add looks for a value, which stands under key in the configuration, from now
// on.
func (s *Scanner) Add(key, value string) {
	spellings := []string{value, url.QueryEscape(value), url.PathEscape(value)}
	for _, escapeHTML := range []bool{true, false} {
		var text strings.Builder
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(escapeHTML)
		if encoder.Encode(value) == nil {
			spellings = append(spellings, strings.Trim(text.String(), "\"\n"))
		}
	}

	// Some spellings are the same.
	slices.Sort(spellings)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets == nil {
		s.secrets = map[string][]string{}
	}

	s.secrets[key] = slices.Compact(append(s.secrets[key], spellings...))
}

// Write scans what the plugin logs and prints, in pieces of any size. It never
// fails.
func (s *Scanner) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	// A secret may arrive in two pieces.
	s.line = append(s.line, p...)
	for {
		line, rest, complete := bytes.Cut(s.line, []byte("\n"))
		if !complete {
			return len(p), nil
		}
		s.scan("a log line", line)
		s.line = rest
	}
}

// Intercept is a grpc.UnaryClientInterceptor that scans every answer and error
// before the client reads it.
func (s *Scanner) Intercept(
	ctx context.Context, method string, req, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	err := invoke(ctx, method, req, reply, conn, opts...)

	verb := method[strings.LastIndexByte(method, '/')+1:]
	var where string
	var said proto.Message
	if err != nil {
		where = "the error of " + verb
		said = status.Convert(err).Proto()
	} else if message, ok := reply.(proto.Message); ok {
		where = "the answer of " + verb
		said = message
	}

	// The bytes on the wire: no field is forgotten.
	data, broken := proto.Marshal(said)

	s.mu.Lock()
	defer s.mu.Unlock()
	if broken != nil {
		s.found = append(s.found, fmt.Sprintf("%s cannot be looked at: %v", where, broken))
	}

	s.scan(where, data)
	return err
}

func (s *Scanner) scan(where string, data []byte) {
	for key, spellings := range s.secrets {
		holds := func(spelling string) bool { return bytes.Contains(data, []byte(spelling)) }
		if slices.ContainsFunc(spellings, holds) {
			s.found = append(s.found, fmt.Sprintf("%s holds the value of %s", where, key))
		}
	}
}

// Findings returns what was found since the last call of it, each finding once.
func (s *Scanner) Findings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()

	list := s.found
	s.found = nil
	slices.Sort(list)
	return slices.Compact(list)
}
