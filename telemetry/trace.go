package telemetry

import (
	"context"
	"fmt"
	"strings"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing sends spans to a collector, or does nothing if none is configured.
type Tracing struct {
	provider *sdktrace.TracerProvider
}

// StartTracing exports to endpoint, the base URL of an OTLP/HTTP collector; if it is "", there are no traces. role is
// "serve" or "worker". If the collector is down, spans are lost, but requests don't fail.
func StartTracing(ctx context.Context, endpoint, role, version string) (*Tracing, error) {
	if endpoint == "" {
		return &Tracing{}, nil
	}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(strings.TrimSuffix(endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	about := resource.NewSchemaless(attribute.String("service.name", "videomall"),
		attribute.String("service.version", version),
		attribute.String("videomall.role", role))
	t := &Tracing{provider: sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))}
	otel.SetTracerProvider(t.provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	return t, nil
}

// QueryTracer returns a tracer for db.Options.Tracer that makes a span for each query, without the query's arguments.
// It is nil if there are no traces.
func (t *Tracing) QueryTracer() pgx.QueryTracer {
	if t.provider == nil {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithDisableConnectionDetailsInAttributes())
}

// Stop sends the remaining spans.
func (t *Tracing) Stop(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Span starts a span below that of the context. The caller ends it with the error of the work. Without a collector this
// takes a few nanoseconds.
func Span(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, func(error)) {
	ctx, span := otel.Tracer("videomall").Start(ctx, name, trace.WithAttributes(attrs...))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, Redact(err.Error()))
		}
		span.End()
	}
}
