package gatewayfile

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/input"
	"github.com/mcp-auth/go/gateway"
)

const maxCertificates = 1 << 20 // bytes

// resource adds a resource to the settings. What package configfile reads of it is
// there already.
func (r *reader) resource(read *Resource, field string, names map[string]bool) {
	name := read.Name
	if name == "" {
		name = read.Identifier
	}
	if names[name] && read.Name != "" {
		r.faults.Add(DuplicateName, field+".Name", name)
	}
	names[name] = true
	resource := gateway.Resource{}
	if at := len(r.settings.Gateway.Resources); at < len(r.settings.Gateway.Auth.Resources) {
		resource.Resource = r.settings.Gateway.Auth.Resources[at]
	}
	if read.Policy != "" {
		r.settings.Files = append(r.settings.Files, r.path(read.Policy))
	}
	upstream := UpstreamSettings{Name: name}
	if read.Upstream == nil {
		r.faults.Add(gateway.NoUpstream, field+".Upstream", "")
	} else {
		upstream = r.upstream(name, read.Upstream, field+".Upstream")
		resource.Credential, upstream.Token = r.credential(read.Upstream.Credential, resource.Resource, field+".Upstream.Credential")
		upstream.Identity = r.identity(read, field)
	}
	r.settings.Upstreams = append(r.settings.Upstreams, upstream)
	r.settings.Gateway.Resources = append(r.settings.Gateway.Resources, resource)
}

// upstream reads where an MCP server is. The mistakes of package gateway are found
// when it is made.
func (r *reader) upstream(name string, read *Upstream, field string) UpstreamSettings {
	if read.Stdio != nil {
		if read.URL != "" || read.Transport != "" || read.TLS != nil || read.Credential != nil {
			r.faults.AddErr(NotOneOf, field, "", errors.New("a command has no URL, transport, tls and credential"))
		}
		return r.stdio(name, read.Stdio, field+".Stdio")
	}
	config := gateway.UpstreamConfig{URL: read.URL, Transport: gateway.Transport(read.Transport)}
	key := fmt.Sprintf("%q %q", read.URL, read.Transport)
	if t := read.TLS; t != nil {
		config.TLS = r.clientTLS(t, field+".TLS")
		key += fmt.Sprintf(" %x %x %x", r.sums[t.CA], r.sums[t.Cert], r.sums[t.Key])
	}
	if _, err := gateway.NewUpstream(config); err != nil {
		r.faults.Nest(field, err)
	}
	return UpstreamSettings{
		Name: name, URL: read.URL, SSE: config.Transport == gateway.SSE, TLS: config.TLS, Key: key,
		Open: func(logger *slog.Logger) (Handler, error) {
			config.Logger = logger
			return gateway.NewUpstream(config)
		},
	}
}

func (r *reader) clientTLS(read *UpstreamTLS, field string) *tls.Config {
	config := &tls.Config{}
	if read.CA != "" {
		if data := r.file(field+".CA", read.CA, maxCertificates); data != nil {
			config.RootCAs = x509.NewCertPool()
			if !config.RootCAs.AppendCertsFromPEM(data) {
				r.faults.Add(InvalidAuthority, field+".CA", read.CA)
			}
		}
	}
	if read.Cert != "" || read.Key != "" {
		if pair := r.keyPair(field, read.Cert, read.Key); pair != nil {
			config.Certificates = []tls.Certificate{*pair}
		}
	}
	return config
}

// keyPair reads a certificate and its key.
func (r *reader) keyPair(field, cert, key string) *tls.Certificate {
	if cert == "" {
		r.faults.Add(Missing, field+".Cert", "")
	}
	if key == "" {
		r.faults.Add(Missing, field+".Key", "")
	}
	if cert == "" || key == "" {
		return nil
	}
	certPEM, keyPEM := r.file(field+".Cert", cert, maxCertificates), r.file(field+".Key", key, maxCertificates)
	if certPEM == nil || keyPEM == nil {
		return nil
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		r.faults.AddErr(InvalidKeyPair, field, "", err)
		return nil
	}
	return &pair
}

// file reads a file that is named in this one, or returns nil.
func (r *reader) file(field, name string, most int64) []byte {
	path := r.path(name)
	r.settings.Files = append(r.settings.Files, path)
	data, err := input.ReadFile(path, most)
	if err != nil {
		r.faults.AddErr(UnreadableFile, field, "", err)
		return nil
	}
	r.sums[name] = sha256.Sum256(data)
	return data
}

// path returns the path of a file that is named in this one.
func (r *reader) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.dir, name)
}
