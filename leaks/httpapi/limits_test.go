package httpapi

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"
)

// A key has its rate, whoever else asks; a place that is taken is waited for,
// but not long.
func TestRates(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	h := triedHandler(t, Options{Rate: 2, Burst: 3, Now: func() time.Time { return now }},
		route("GET", "/leaks/try", about{api: leaksStyle}, triedTable, echo),
		route("GET", "/api/v1/try", about{api: workspaceStyle}, triedTable, echo))
	get := func(key string) *httptest.ResponseRecorder {
		return ask(h, "GET", "/leaks/try?size=1", "", "X-Api-Key: "+key)
	}
	for range 3 {
		if w := get("member-key"); w.Code != 200 {
			t.Fatal(w.Code, w.Body)
		}
	}
	w := get("member-key")
	if w.Code != 429 || w.Body.String() != `{"detail":"Rate limit exceeded"}`+"\n" || w.Header().Get("Retry-After") != "1" {
		t.Error(w.Code, w.Body, w.Header())
	}
	if w := ask(h, "GET", "/api/v1/try?size=1", "", bearer); w.Code != 429 || w.Body.String() != `{"error":"Rate limit exceeded"}`+"\n" {
		t.Error(w.Code, w.Body)
	}
	if w := get("mssp-key"); w.Code != 200 {
		t.Error("another key suffers", w.Code)
	}
	now = now.Add(time.Second)
	for i, want := range []int{200, 200, 429} {
		if w := get("member-key"); w.Code != want {
			t.Error(i, w.Code)
		}
	}
}

func TestLimitersAreBounded(t *testing.T) {
	l := newLimiters(1, 1)
	now := time.Unix(1e9, 0)
	for i := range 5 * maxLimiters {
		if l.take("busy", now) > 0 != (i > 0) {
			t.Fatal("a busy key was forgotten at", i)
		}
		l.take(fmt.Sprint(i), now)
	}
	if n := len(l.now) + len(l.old); n > 2*maxLimiters {
		t.Error(n, "limiters")
	}
}

func TestPlaces(t *testing.T) {
	enter, leave := make(chan struct{}), make(chan struct{})
	h := triedHandler(t, Options{Concurrency: 2, MaxWait: 10 * time.Millisecond, Timeout: time.Minute},
		route("GET", "/leaks/try", about{api: leaksStyle}, nothing, func(ctx context.Context, _ *caller, _ *struct{}) (*tried, error) {
			enter <- struct{}{}
			<-leave
			return &tried{}, ctx.Err()
		}))
	codes := make(chan int)
	for range 2 {
		go func() { codes <- ask(h, "GET", "/leaks/try", "", memberKey).Code }()
		<-enter
	}
	if w := ask(h, "GET", "/leaks/try", "", memberKey); w.Code != 503 || w.Header().Get("Retry-After") != "1" || w.Body.String() != `{"detail":"Too many requests are being answered"}`+"\n" {
		t.Error(w.Code, w.Body, w.Header())
	}
	if w := ask(h, "GET", "/leaks/try?x=1", "", memberKey); w.Code != 422 {
		t.Error("what is wrong needs no place", w.Code)
	}
	close(leave)
	for range 2 {
		if code := <-codes; code != 200 {
			t.Error(code)
		}
	}
}
