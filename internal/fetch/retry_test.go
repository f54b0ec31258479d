package fetch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Covers RS21.
func TestRetry(t *testing.T) {
	t.Parallel()
	passing, lasting := &StatusError{Status: 502}, &StatusError{Status: 404}
	for name, test := range map[string]struct {
		answers []error
		want    error
		asked   int
		took    time.Duration
	}{
		"at once":           {[]error{nil}, nil, 1, 0},
		"after one failure": {[]error{passing, nil}, nil, 2, 0},
		"after two":         {[]error{passing, passing, nil}, nil, 3, retryPause},
		"never":             {[]error{passing, passing, passing, nil}, passing, 3, retryPause},
		"lasting":           {[]error{lasting, nil}, lasting, 1, 0},
		"lasting, later":    {[]error{passing, lasting, nil}, lasting, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				began := time.Now()
				got, err := Retry(t.Context(), MayPass, func(context.Context) (int, error) {
					asked++
					return asked, test.answers[asked-1]
				})
				if err != test.want || asked != test.asked || got != asked || time.Since(began) != test.took {
					t.Errorf("%v after %d attempts (result %d) and %s", err, asked, got, time.Since(began))
				}
			})
		})
	}
}

// Covers RS21. All attempts together take no more time than one may.
func TestRetryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{"during an attempt": 30 * time.Millisecond, "during the pause": 120 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				began := time.Now()
				_, err := Retry(ctx, MayPass, func(context.Context) (int, error) {
					time.Sleep(40 * time.Millisecond)
					return 0, &StatusError{Status: 500}
				})
				if err == nil || time.Since(began) > max(limit, 40*time.Millisecond) {
					t.Errorf("%v after %s", err, time.Since(began))
				}
			})
		})
	}
}

func TestMayPass(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"500":                     {&StatusError{Status: 500}, true},
		"502, wrapped":            {fmt.Errorf("keys: %w", &StatusError{Status: 502}), true},
		"599":                     {&StatusError{Status: 599}, true},
		"501":                     {&StatusError{Status: 501}, false},
		"404":                     {&StatusError{Status: 404}, false},
		"429":                     {&StatusError{Status: 429}, false},
		"302":                     {&StatusError{Status: 302}, false},
		"a page":                  {&UnreadableError{Err: errors.New("not JSON")}, true},
		"connection reset":        {&Error{Kind: Network, Err: &net.OpError{Op: "read", Err: errors.New("reset")}}, true},
		"closed early":            {&Error{Kind: Network, Err: errClosedEarly}, true},
		"name server in trouble":  {&Error{Kind: Network, Err: &net.DNSError{IsTemporary: true}}, true},
		"no such host":            {&Error{Kind: Network, Err: &net.DNSError{IsNotFound: true}}, false},
		"not HTTP":                {&Error{Kind: Malformed}, true},
		"TLS closed":              {&Error{Kind: TLS, Err: &handshakeError{io.EOF}}, true},
		"TLS reset":               {&Error{Kind: TLS, Err: &handshakeError{&net.OpError{Op: "read", Err: errors.New("reset")}}}, true},
		"TLS alert":               {&Error{Kind: TLS, Err: &handshakeError{&net.OpError{Op: "remote error", Err: errors.New("bad")}}}, false},
		"certificate not trusted": {&Error{Kind: TLS, Err: &handshakeError{x509.UnknownAuthorityError{}}}, false},
		"timeout":                 {&Error{Kind: Timeout, Err: &timeoutError{}}, false},
		"canceled":                {&Error{Kind: Canceled, Err: context.Canceled}, false},
		"blocked":                 {&Error{Kind: BlockedAddress}, false},
		"too large":               {&Error{Kind: TooLarge}, false},
		"redirect":                {&Error{Kind: Redirect}, false},
		"another":                 {errors.New("x"), false},
	} {
		if got := MayPass(test.err); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://as.example.com/jwks?secret=x#y": "https://as.example.com/jwks",
		"https://user:secret@as.example.com/":    "https://as.example.com/",
		"file:///etc/passwd":                     "",
		"https://as.example.com/%zz":             "",
	} {
		if got := Shown(url); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}
