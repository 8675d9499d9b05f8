package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/payhost/payhost/sdk/internal/wire"
)

// Bounds of one log line. The host's reader takes 64 KiB at a time, and what is longer reaches it in pieces that are
// no JSON.
const (
	maxLogLine  = 16 << 10
	maxLogValue = 4 << 10
	maxLogKey   = 200
)

// lineHandler writes records as the JSON lines that go-plugin's host reads from a plugin's stderr. Each is written at
// once and in one piece: the line before a crash counts most.
type lineHandler struct {
	mu     *sync.Mutex
	out    io.Writer
	prefix string // of keys, from WithGroup
	attrs  []slog.Attr
}

func newLineHandler(out io.Writer) lineHandler { return lineHandler{mu: &sync.Mutex{}, out: out} }

// Enabled is always true: the host knows which levels it wants.
func (h lineHandler) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs copies: two loggers made from one must not write into each other's attributes.
func (h lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	all := append([]slog.Attr(nil), h.attrs...)
	for _, a := range attrs {
		all = append(all, slog.Attr{Key: h.prefix + a.Key, Value: a.Value})
	}
	h.attrs = all
	return h
}

func (h lineHandler) WithGroup(name string) slog.Handler {
	if name != "" {
		h.prefix += name + "."
	}
	return h
}

// Handle writes with one call, under a lock that all handlers made from one share.
func (h lineHandler) Handle(_ context.Context, r slog.Record) error {
	line := newLogLine(r.Level, r.Time, r.Message)
	for _, a := range h.attrs {
		line.add("", a)
	}
	r.Attrs(func(a slog.Attr) bool {
		line.add(h.prefix, a)
		return true
	})
	text := line.bytes()
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.out.Write(text)
	return err
}

// logLine is one line in the making. What does not fit is cut or left out, and the line says so.
type logLine struct {
	buf  bytes.Buffer
	full bool
}

func newLogLine(level slog.Level, at time.Time, message string) *logLine {
	l := &logLine{}
	l.buf.WriteByte('{')
	l.member("@level", levelName(level))
	l.member("@message", wire.Cut(message, maxLogValue))
	l.member("@timestamp", at.Format("2006-01-02T15:04:05.000000Z07:00"))
	return l
}

// levelName gives hclog's names; levels between slog's belong to the lower one.
func levelName(level slog.Level) string {
	switch {
	case level < slog.LevelDebug:
		return "trace"
	case level < slog.LevelInfo:
		return "debug"
	case level < slog.LevelWarn:
		return "info"
	case level < slog.LevelError:
		return "warn"
	}
	return "error"
}

// add writes an attribute; a group's become key.key.
func (l *logLine) add(prefix string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range value.Group() {
			l.add(prefix, inner)
		}
		return
	}
	if a.Key == "" {
		return
	}
	// A key of go-plugin's own with a value that is no string would make the host panic.
	key := wire.Cut(strings.ReplaceAll(prefix+a.Key, "@", "at_"), maxLogKey)
	switch value.Kind() {
	case slog.KindBool, slog.KindInt64, slog.KindUint64:
		l.member(key, value.Any())
	case slog.KindTime:
		l.member(key, value.Time().Format(time.RFC3339Nano))
	case slog.KindAny:
		l.member(key, wire.Cut(fmt.Sprintf("%+v", value.Any()), maxLogValue))
	default:
		l.member(key, wire.Cut(value.String(), maxLogValue))
	}
}

// member writes one key and value. Text that does not fit is cut shorter, anything else is left out.
func (l *logLine) member(key string, value any) {
	const reserve = 32 // for the last member, the brace and the line's end
	name, _ := json.Marshal(key)
	for {
		text, err := json.Marshal(value)
		if err == nil && l.buf.Len()+len(name)+len(text)+2 <= maxLogLine-reserve {
			if l.buf.Len() > 1 {
				l.buf.WriteByte(',')
			}
			l.buf.Write(name)
			l.buf.WriteByte(':')
			l.buf.Write(text)
			return
		}
		l.full = true
		long, ok := value.(string)
		if !ok || len(long) < 64 {
			return
		}
		value = wire.Cut(long, len(long)/2)
	}
}

func (l *logLine) bytes() []byte {
	if l.full {
		l.buf.WriteString(`,"truncated":true`)
	}
	l.buf.WriteString("}\n")
	return l.buf.Bytes()
}
