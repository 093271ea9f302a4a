package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/httpapi"
	"github.com/leakscope/leakscope/watchlist"
)

// serve opens the store and serves it until ctx ends.
func serve(ctx context.Context, opt *options, log *slog.Logger, stdout io.Writer) (err error) {
	certificate, err := opt.certificate()
	if err != nil {
		return err
	}
	if opt.Spool != "" {
		if err := opt.checkSpool(); err != nil {
			return err
		}
	}
	s, err := opt.open(log)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, s.Close()) }()

	var m *meter
	var observe func(httpapi.Observation)
	if opt.MetricsListen != "" {
		m = newMeter(s)
		observe = m.observe
	}
	var jobs []func(context.Context)
	if opt.Spool != "" {
		spools, err := opt.openSpools(s, log, m)
		if err != nil {
			return err
		}
		jobs = append(jobs, opt.spooling(spools))
	}
	h, err := opt.handler(s, log, observe)
	if err != nil {
		return err
	}

	// Listen before the key is made: a port in use is found out first.
	listener, err := net.Listen("tcp", opt.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	main := server{httpapi.Server(h), listener}
	servers := []server{main}
	if certificate != nil {
		main.http.TLSConfig = &tls.Config{
			MinVersion:   tls.VersionTLS12,
			Certificates: []tls.Certificate{*certificate},
			NextProtos:   []string{"h2", "http/1.1"},
		}
	}
	if m != nil {
		l, err := net.Listen("tcp", opt.MetricsListen)
		if err != nil {
			return errors.Join(fmt.Errorf("--metrics-listen: %w", err), listener.Close())
		}
		servers = append(servers, server{m.server(log), l})
		log.Info("serving metrics", "url", "http://"+l.Addr().String()+"/metrics")
	}
	if err := firstKey(ctx, s, stdout); err != nil {
		for _, sv := range servers {
			err = errors.Join(err, sv.listener.Close())
		}
		return err
	}
	scheme := "http"
	if certificate != nil {
		scheme = "https"
	}
	log.Info("serving", "url", scheme+"://"+listener.Addr().String(), "store", opt.Store)
	if w := opt.watcher(s, log, m); w != nil {
		jobs = append(jobs, w.run)
	}
	defer background(ctx, jobs...)()
	return serveAll(ctx, servers, opt.Shutdown, log)
}

func (o *options) certificate() (*tls.Certificate, error) {
	if o.TLSCert == "" {
		return nil, nil
	}
	c, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", o.TLSCert, o.TLSKey, err)
	}
	return &c, nil
}

// firstKey makes an administrator's key if there has never been one, and prints
// its secret. A revoked one counts: who revoked the last makes the next with
// leakctl key create --admin.
func firstKey(ctx context.Context, s *leaks.Store, stdout io.Writer) error {
	keys, err := s.Watchlists().Keys(ctx, "", watchlist.ListQuery{PageSize: 1})
	if err != nil || keys.Total > 0 {
		return err
	}
	_, secret, err := s.Watchlists().CreateKey(ctx, watchlist.KeySpec{Name: "first administrator", Role: watchlist.Admin})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "Administrator's API key, shown this once:\n%s\n", secret)
	return err
}

// A server is one address that is served.
type server struct {
	http     *http.Server
	listener net.Listener
}

func (s server) serve() error {
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(s.listener, "", "")
	}
	return s.http.Serve(s.listener)
}

// serveAll serves until ctx ends or one of the servers fails. Requests under way
// may then go on for a while.
func serveAll(ctx context.Context, servers []server, patience time.Duration, log *slog.Logger) error {
	ended := make(chan error, len(servers))
	for _, s := range servers {
		go func() { ended <- s.serve() }()
	}
	var err error
	running := len(servers)
	select {
	case <-ctx.Done():
		log.Info("shutting down", "patience", patience.String())
	case err = <-ended:
		running--
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for _, s := range servers {
		if s.http.Shutdown(limit) != nil {
			// Those who are still reading are cut off.
			if closing := s.http.Close(); closing != nil {
				log.Warn("closing", "error", closing)
			}
		}
	}
	for range running {
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
			err = cmp.Or(err, e)
		}
	}
	return err
}
