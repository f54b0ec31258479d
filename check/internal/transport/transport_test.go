package transport

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/internal/fetch"
)

// TestCertificateLifetimes holds that certificates that are issued for days
// only do not always count as expiring.
func TestCertificateLifetimes(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, test := range []struct {
		lifetime, left time.Duration
		want           finding.Code
	}{
		{90 * day, 15 * day, "tls_trusted"}, {90 * day, 13 * day, "certificate_expiring"},
		{6 * day, 3 * day, "tls_trusted"}, {6 * day, day, "certificate_expiring"}, {6 * day, -day, "certificate_expiring"},
	} {
		now := time.Now()
		ends := now.Add(test.left)
		certificate := &x509.Certificate{NotBefore: ends.Add(-test.lifetime), NotAfter: ends}
		found := Connection(&fetch.Response{TLS: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}}}, now)
		if len(found) != 1 || found[0].Code != test.want {
			t.Errorf("%s left of %s: %v, want %s", test.left, test.lifetime, found, test.want)
		}
	}
}
