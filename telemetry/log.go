// Package telemetry makes the mall observable: structured logs without secrets, metrics with the names that dashboards
// use, traces if a collector is configured, and the admin server that serves them. Of orders and videos it knows only
// the names of what is counted.
package telemetry

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// NewLogger returns a logger that writes to w; format is "json" or "text". Every record with a context has its request
// ID and trace ID. Secrets are removed from all records (see Redact).
func NewLogger(w io.Writer, level slog.Leveler, format string) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level, ReplaceAttr: redactAttr}
	var h slog.Handler = slog.NewTextHandler(w, opt)
	if format == "json" {
		h = slog.NewJSONHandler(w, opt)
	}
	return slog.New(contextHandler{h})
}

// contextHandler adds the request ID and the trace ID of the context.
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

// AtLeast returns a logger that drops records below level, for a library that logs a lot. It also drops what log drops.
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

// RequestID returns the context's request ID, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// maxRequestID bounds the ID that a proxy may send.
const maxRequestID = 64

// RequestIDFrom returns the ID that a proxy has set, if it is well formed, and otherwise a new one. A stranger may have
// sent it and it is logged, so only letters, digits, "-", "_" and "." are accepted.
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
