package card

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	dialMax = 5 * time.Second // so that a call fails fast while nothing is done yet
	// idleMax is below the time after which servers usually hang up, so that a call
	// is rarely sent into a connection that is just being closed.
	idleMax  = 20 * time.Second
	idleEach = 32 // connections kept to the one host there is
)

func httpClient() *http.Client {
	return &http.Client{
		Transport: line{&http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: dialMax, KeepAlive: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout: dialMax,
			IdleConnTimeout:     idleMax,
			MaxIdleConnsPerHost: idleEach,
			ForceAttemptHTTP2:   true,
		}},
		// A redirect would send the key and the request elsewhere, and it twice.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// broken is a call without an answer that says what was done.
type broken struct {
	// done says that it may have been done all the same. Otherwise it was certainly not.
	done bool
	why  string
}

func (b *broken) Error() string { return b.why }

// line is what requests go out on. It notes for each that failed whether anything
// was sent, and keeps net/http from sending one twice.
type line struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l line) RoundTrip(r *http.Request) (*http.Response, error) {
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	r = r.Clone(httptrace.WithClientTrace(r.Context(), trace))
	// Where the program runs and on what is not the processor's business.
	r.Header.Del("X-Stripe-Client-User-Agent")
	// Without it net/http cannot repeat a request whose connection broke, as it does
	// by itself for those with an idempotency key.
	r.GetBody = nil
	response, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, &broken{done: connected.Load(), why: err.Error()}
	}
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		response.Body.Close()
		return nil, &broken{why: "it takes no more requests at the moment (429)"}
	case response.StatusCode >= http.StatusInternalServerError:
		response.Body.Close()
		return nil, &broken{done: true, why: fmt.Sprintf("it failed (%d)", response.StatusCode)}
	}
	return response, nil
}
