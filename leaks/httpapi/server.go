package httpapi

import (
	"log/slog"
	"net/http"
	"time"
)

// Server returns an [http.Server] for a handler, with the limits that only a
// server can keep: of headers, and of connections that do nothing. It has no
// ReadTimeout and no WriteTimeout: the first would end requests that take
// longer to answer than to send, and both are kept by the Handler itself, which
// knows a body from a stream. Addr and TLS are the caller's to set.
func Server(h *Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    h.opts.MaxQueryBytes + 16<<10,
		ErrorLog:          slog.NewLogLogger(quiet{h.log.Handler()}, slog.LevelDebug),
	}
}
