package watchlist

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSender(t *testing.T) {
	var mu sync.Mutex // a handler may outlive the request that timed out
	var hits []*http.Request
	var bodies []string
	answer := func(w http.ResponseWriter) {}
	setAnswer := func(f func(w http.ResponseWriter)) {
		mu.Lock()
		defer mu.Unlock()
		answer = f
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(hits)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		hits, bodies = append(hits, r), append(bodies, string(b))
		f := answer
		mu.Unlock()
		f(w)
	}))
	defer srv.Close()
	now := at(0)
	s := &Sender{AllowPrivate: true, Timeout: 300 * time.Millisecond, Now: func() time.Time { return now }}
	v := Delivery{ID: "d1", URL: srv.URL + "/hook", Body: `{"id":"d1"}`}
	if err := s.Post(t.Context(), v, "secret"); err != nil || count() != 1 {
		t.Fatalf("%d, %v", count(), err)
	}
	h := hits[0].Header
	if hits[0].Method != http.MethodPost || h.Get(HeaderDelivery) != "d1" || bodies[0] != v.Body || h.Get("Content-Type") != "application/json" {
		t.Errorf("%v %s", h, bodies[0])
	}
	for _, c := range []struct {
		name   string
		secret string
		body   string
		late   time.Duration
		edit   func(http.Header)
		ok     bool
	}{
		{"as sent", "secret", v.Body, 0, nil, true},
		{"in time", "secret", v.Body, time.Minute, nil, true},
		{"too late", "secret", v.Body, time.Hour, nil, false},
		{"from the future", "secret", v.Body, -time.Hour, nil, false},
		{"another secret", "other", v.Body, 0, nil, false},
		{"another body", "secret", v.Body + " ", 0, nil, false},
		{"another delivery", "secret", v.Body, 0, func(h http.Header) { h.Set(HeaderDelivery, "d2") }, false},
		{"another time", "secret", v.Body, 0, func(h http.Header) { h.Set(HeaderTimestamp, "1") }, false},
		{"no time", "secret", v.Body, 0, func(h http.Header) { h.Del(HeaderTimestamp) }, false},
		{"no signature", "secret", v.Body, 0, func(h http.Header) { h.Del(HeaderSignature) }, false},
	} {
		h := h.Clone()
		if c.edit != nil {
			c.edit(h)
		}
		if err := CheckWebhook(c.secret, h, []byte(c.body), now.Add(c.late), 5*time.Minute); c.ok != (err == nil) || err != nil && !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", c.name, err)
		}
	}

	for name, f := range map[string]func(w http.ResponseWriter){
		"status 302": func(w http.ResponseWriter) { w.Header().Set("Location", srv.URL+"/again"); w.WriteHeader(302) },
		"status 500": func(w http.ResponseWriter) { w.WriteHeader(500) },
		"no answer":  func(w http.ResponseWriter) { time.Sleep(600 * time.Millisecond) },
	} {
		before := count()
		setAnswer(f)
		if err := s.Post(t.Context(), v, "secret"); err == nil || !strings.Contains(err.Error(), name) || count() != before+1 {
			t.Errorf("%s: %v, %d requests", name, err, count()-before)
		}
	}
	setAnswer(func(w http.ResponseWriter) { // an answer without end
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	if err := s.Post(t.Context(), v, "secret"); err != nil {
		t.Errorf("an endless answer: %v", err)
	}
	setAnswer(func(http.ResponseWriter) {})

	// The careful sender reaches none of this.
	before := count()
	careful := &Sender{}
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	defer tls.Close()
	for _, u := range []string{srv.URL, tls.URL, "https://localhost" + tls.URL[strings.LastIndexByte(tls.URL, ':'):], "https://[::1]/", "https://169.254.169.254/latest", "https://0/", "https://[::ffff:127.0.0.1]/"} {
		err := careful.Post(t.Context(), Delivery{ID: "d", URL: u, Body: "{}"}, "secret")
		if err == nil || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: %v", u, err)
		}
	}
	if n := count() - before; n != 0 {
		t.Errorf("%d requests reached a private address", n)
	}
	if err := careful.Post(t.Context(), Delivery{ID: "d", URL: tls.URL, Body: "{}"}, "secret"); !errors.Is(err, errPrivate) {
		t.Errorf("a private address: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Post(ctx, v, "secret"); err == nil {
		t.Error("cancelled, and sent")
	}
}

func TestPublic(t *testing.T) {
	for a, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "2606:4700::1": true, "172.32.0.1": true, "100.128.0.1": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false, "fe80::1": false, "fc00::1": false,
		"::ffff:10.0.0.1": false, "::ffff:8.8.8.8": true, "64:ff9b::a00:1": false, "2002:a00:1::": false, "2001:db8::1": false, "ff02::1": false, "fe80::1%eth0": false, "::7f00:1": false,
	} {
		if got := public(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: %v", a, got)
		}
	}
}
