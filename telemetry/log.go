// Package telemetry is how the mall is watched: structured logs without secrets, metrics with the
// names that dashboards know, traces where a collector is given, and the admin server that shows them.
// It knows nothing of orders or videos beyond the names of what is counted.
package telemetry

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// NewLogger writes to w, format "json" or "text". Every record made with a context carries its request
// ID and trace ID, and none a secret (see Redact).
func NewLogger(w io.Writer, level slog.Leveler, format string) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level, ReplaceAttr: redactAttr}
	var h slog.Handler = slog.NewTextHandler(w, opt)
	if format == "json" {
		h = slog.NewJSONHandler(w, opt)
	}
	return slog.New(contextHandler{h})
}

// contextHandler adds what the context knows about the request.
type contextHandler struct{ slog.Handler }

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}

// AtLeast is a logger that drops records below level, for a library that logs a lot. What log itself drops stays
// dropped.
func AtLeast(level slog.Level, log *slog.Logger) *slog.Logger {
	return slog.New(quieter{log.Handler(), level})
}

type quieter struct {
	slog.Handler
	level slog.Level
}

func (h quieter) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

func (h quieter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quieter{h.Handler.WithAttrs(attrs), h.level}
}

func (h quieter) WithGroup(name string) slog.Handler {
	return quieter{h.Handler.WithGroup(name), h.level}
}

type requestIDKey struct{}

// WithRequestID returns a context whose log records carry id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the context's request ID, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// maxRequestID bounds what a proxy in front may send.
const maxRequestID = 64

// RequestIDFrom is the ID that a proxy in front gave, when it looks like one, else a new one. What a
// stranger sends lands in logs: letters, digits, "-", "_" and "." only.
func RequestIDFrom(header string) string {
	if header == "" || len(header) > maxRequestID {
		return rand.Text()
	}
	for _, c := range []byte(header) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return rand.Text()
		}
	}
	return header
}
