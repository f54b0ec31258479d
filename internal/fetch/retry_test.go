package fetch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
)

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
