package watchlist

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The headers of a webhook request.
const (
	// HeaderDelivery has the delivery's id.
	HeaderDelivery = "X-Leakscope-Delivery"
	// HeaderTimestamp has the time of this attempt, Unix seconds.
	HeaderTimestamp = "X-Leakscope-Timestamp"
	// HeaderSignature has v1= and, in hex, HMAC-SHA-256 under the secret of
	// id.timestamp.body.
	HeaderSignature = "X-Leakscope-Signature"
)

const (
	webhookTimeout = 10 * time.Second
	maxReply       = 4 << 10 // bytes of an answer that are read
)

// ErrSignature: a webhook request is not what was sent, or is too old.
var ErrSignature = errors.New("webhook signature is not valid")

// webhookSecret derives the secret of a monitor.
func (d *Directory) webhookSecret(monitor string) (string, error) {
	if d.opts.Derive == nil {
		return "", errors.New("watchlist: no way to derive the secrets of webhooks was given")
	}
	return "whs_" + hex.EncodeToString(d.opts.Derive("watchlist webhook "+monitor)), nil
}

func sign(secret, delivery, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.%s.", delivery, timestamp)
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// CheckWebhook is for receivers: it checks the signature of a request's body and
// that it was sent no more than tolerance before or after now. Its only error is
// ErrSignature. The same delivery may come more than once.
func CheckWebhook(secret string, h http.Header, body []byte, now time.Time, tolerance time.Duration) error {
	at := h.Get(HeaderTimestamp)
	unix, err := strconv.ParseInt(at, 10, 64)
	want := sign(secret, h.Get(HeaderDelivery), at, body)
	if err != nil || !hmac.Equal([]byte(want), []byte(h.Get(HeaderSignature))) || now.Sub(time.Unix(unix, 0)).Abs() > tolerance {
		return ErrSignature
	}
	return nil
}

// A Sender posts deliveries to webhooks. Whoever edits a monitor chooses where its
// requests go, so a Sender of the zero value is careful: it goes to https
// only, to no address that is not public, whatever the name resolves to at that
// moment, through no proxy and after no redirect, within ten seconds, and reads 4
// KiB of the answer, of which it tells nobody anything but the status.
type Sender struct {
	// Transport replaces all the care about addresses; nil: as above.
	Transport http.RoundTripper
	// AllowPrivate allows http and addresses that are not public, for
	// receivers on one's own network.
	AllowPrivate bool
	// Timeout of one request, its answer included; 0: ten seconds.
	Timeout time.Duration
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// Post sends one delivery. Any answer but 2xx is an error.
func (s *Sender) Post(ctx context.Context, v Delivery, secret string) error {
	if err := checkWebhook(v.URL); err != nil {
		return err
	}
	if !s.AllowPrivate && !strings.HasPrefix(strings.ToLower(v.URL), "https:") {
		return errors.New("webhook: http is not allowed")
	}
	timeout := s.Timeout
	if timeout <= 0 {
		timeout = webhookTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body := []byte(v.Body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("webhook: malformed URL")
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	at := strconv.FormatInt(now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "leakscope-webhook/1")
	req.Header.Set(HeaderDelivery, v.ID)
	req.Header.Set(HeaderTimestamp, at)
	req.Header.Set(HeaderSignature, sign(secret, v.ID, at, body))
	transport := s.Transport
	if transport == nil {
		t := guardedTransport(s.AllowPrivate)
		defer t.CloseIdleConnections()
		transport = t
	}
	resp, err := transport.RoundTrip(req) // a round trip follows no redirect
	if err != nil {
		return fmt.Errorf("webhook: %w", plainError(err))
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxReply))
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("webhook: status %d", resp.StatusCode)
	}
	return nil
}

var (
	errPrivate = errors.New("the address is not public")
	errTimeout = errors.New("no answer in time")
	errConnect = errors.New("no connection")
)

// plainError says what a user may know: not which address a name has in there.
func plainError(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, errPrivate):
		return errPrivate
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	default:
		return errConnect
	}
}

func guardedTransport(allowPrivate bool) *http.Transport {
	dialer := &net.Dialer{Timeout: webhookTimeout}
	if !allowPrivate {
		// Asked for the very address that is dialled, after the name was looked
		// up: so a name that changes its mind does not get past.
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(address)
			if err != nil || !public(a.Addr()) {
				return errPrivate
			}
			return nil
		}
	}
	return &http.Transport{
		DialContext: dialer.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: webhookTimeout,
		MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true,
	}
}

// notPublic are the blocks of the IANA special-purpose registries (RFC 6890) that
// are not globally reachable, or lead to addresses that may not be.
var notPublic = func() (list []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
		"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
	} {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}()

// globalUnicast is all of IPv6 that is given out.
var globalUnicast = netip.MustParsePrefix("2000::/3")

func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" || a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
