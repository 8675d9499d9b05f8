package conformance

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

const secretRule = "Neither a response nor an error nor a log line may hold a secret of the account's configuration."

// Watch looks for the configuration's secrets in everything that leaves a plugin: whole answers and errors as they are
// on the wire, and the log.
type Watch struct {
	mu      sync.Mutex
	secrets map[string][]string // by their key: the spellings in which they can appear
	line    []byte              // of the log, until it is complete
	found   []string
}

// add looks for value, which stands under key in the configuration, from now on.
func (w *Watch) add(key, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.secrets == nil {
		w.secrets = map[string][]string{}
	}
	spellings := []string{value, url.QueryEscape(value), url.PathEscape(value)}
	for _, escapeHTML := range []bool{true, false} {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escapeHTML)
		if e.Encode(value) == nil {
			spellings = append(spellings, strings.Trim(b.String(), "\"\n"))
		}
	}
	slices.Sort(spellings)
	w.secrets[key] = slices.Compact(append(w.secrets[key], spellings...))
}

// Write takes what the plugin logs and prints, which it may be given in any pieces.
func (w *Watch) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = append(w.line, p...)
	for {
		line, rest, complete := bytes.Cut(w.line, []byte("\n"))
		if !complete {
			return len(p), nil
		}
		w.see("a log line", line)
		w.line = rest
	}
}

// Intercept is a grpc.UnaryClientInterceptor: it sees every answer before the SDK's client does, and sends calls that are
// to be late as such.
func (w *Watch) Intercept(
	ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	err := invoke(ctx, method, req, reply, conn, slices.Concat(opts, overdueOption(ctx))...)
	verb := method[strings.LastIndexByte(method, '/')+1:]
	var said proto.Message
	if err != nil {
		said, verb = status.Convert(err).Proto(), "the error of "+verb
	} else if m, ok := reply.(proto.Message); ok {
		said, verb = m, "the answer of "+verb
	}
	data, broken := proto.Marshal(said)
	w.mu.Lock()
	defer w.mu.Unlock()
	if broken != nil {
		w.found = append(w.found, fmt.Sprintf("%s cannot be looked at: %v", verb, broken))
	}
	w.see(verb, data)
	return err
}

func (w *Watch) see(where string, data []byte) {
	for key, spellings := range w.secrets {
		if slices.ContainsFunc(spellings, func(s string) bool { return bytes.Contains(data, []byte(s)) }) {
			w.found = append(w.found, fmt.Sprintf("%s holds the value of %s", where, key))
		}
	}
}

// findings gives what was found since it was last asked, each once.
func (w *Watch) findings() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.found
	w.found = nil
	slices.Sort(out)
	return slices.Compact(out)
}
