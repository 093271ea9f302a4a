package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/leakscope/leakscope/examples/internal/intake"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/httpapi"
)

// A meter counts requests, and measures the store when it is asked.
type meter struct {
	store *leaks.Store
	set   *metrics.Set
}

func newMeter(s *leaks.Store) *meter { return &meter{store: s, set: metrics.NewSet()} }

// observe counts one request. Its labels have few values each: routes are
// patterns, never what was sent.
func (m *meter) observe(o httpapi.Observation) {
	m.set.GetOrCreateCounter(fmt.Sprintf("leakd_requests_total{method=%q,route=%q,status=\"%d\"}", o.Method, o.Route, o.Status)).Inc()
	m.set.GetOrCreateCounter(fmt.Sprintf("leakd_response_bytes_total{route=%q}", o.Route)).Add(int(o.Bytes))
	m.set.GetOrCreateSummaryExt(fmt.Sprintf("leakd_request_duration_seconds{route=%q}", o.Route), window, quantiles).Update(o.Duration.Seconds())
}

// Durations are told by quantiles of the last minutes, beside their sum and
// number.
const window = 5 * time.Minute

var quantiles = []float64{.5, .9, .99, 1}

// watched counts what monitors have led to.
func (m *meter) watched(notices, delivered, failed int) {
	if m == nil {
		return
	}
	m.set.GetOrCreateCounter("leakd_monitor_notices_total").Add(notices)
	m.set.GetOrCreateCounter(`leakd_webhooks_total{result="delivered"}`).Add(delivered)
	m.set.GetOrCreateCounter(`leakd_webhooks_total{result="failed"}`).Add(failed)
}

// spooled counts what came through the spool.
func (m *meter) spooled(dataset, result string, sum *intake.Summary) {
	if m == nil {
		return
	}
	m.set.GetOrCreateCounter(fmt.Sprintf("leakd_spool_files_total{dataset=%q,result=%q}", dataset, result)).Inc()
	m.set.GetOrCreateCounter(fmt.Sprintf("leakd_spool_records_total{dataset=%q,result=\"ingested\"}", dataset)).Add(int(sum.Ingested))
	m.set.GetOrCreateCounter(fmt.Sprintf("leakd_spool_records_total{dataset=%q,result=\"rejected\"}", dataset)).Add(int(sum.Rejected))
}

// write writes everything in Prometheus's text format.
func (m *meter) write(ctx context.Context) ([]byte, error) {
	info, err := m.store.Info(ctx)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	m.set.WritePrometheus(&out)
	metrics.WriteGaugeUint64(&out, "leakscope_store_occurrences", info.Rows)
	metrics.WriteGaugeUint64(&out, "leakscope_store_segments", uint64(len(info.Segments)))
	metrics.WriteGaugeUint64(&out, "leakscope_store_bytes", uint64(info.Bytes))
	metrics.WriteProcessMetrics(&out)
	return out.Bytes(), nil
}

// server serves the metrics.
func (m *meter) server(log *slog.Logger) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		text, err := m.write(r.Context())
		if err != nil {
			log.Warn("metrics", "error", err)
			http.Error(w, "the store cannot be measured", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		if _, err := w.Write(text); err != nil {
			log.Debug("metrics", "error", err)
		}
	})
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    8 << 10,
	}
}
