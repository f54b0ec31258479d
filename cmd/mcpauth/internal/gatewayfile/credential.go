package gatewayfile

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/clientcredentials"
	"github.com/mcp-auth/go/client/tokenexchange"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/input"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/configfile"
	"github.com/mcp-auth/go/gateway"
)

// credential reads what an upstream wants to see: a header that is the same for all,
// or tokens.
func (r *reader) credential(read *Credential, resource mcpauth.Resource, field string) (gateway.Credential, *TokenSettings) {
	if read == nil {
		return nil, nil
	}
	given := 0
	for _, is := range []bool{read.Header != nil, read.ClientCredentials != nil, read.TokenExchange != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		r.faults.AddErr(NotOneOf, field, "", errors.New("known are header, client_credentials and token_exchange"))
		return nil, nil
	case read.Header != nil:
		return r.header(read.Header, field+".Header"), nil
	case read.ClientCredentials != nil:
		return nil, r.clientCredentials(read.ClientCredentials, resource, field+".ClientCredentials")
	}
	return nil, r.tokenExchange(read.TokenExchange, resource, field+".TokenExchange")
}

func (r *reader) header(read *Header, field string) gateway.Credential {
	value, ok := r.secret(read.Value, field+".Value")
	if !ok {
		return nil
	}
	if read.Scheme != "" {
		if strings.ContainsFunc(read.Scheme, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c) }) {
			r.faults.Add(InvalidScheme, field+".Scheme", read.Scheme)
		}
		value = mcpauth.Secret(read.Scheme) + " " + value
	}
	credential, err := gateway.StaticHeader(read.Name, value)
	r.faults.Nest(field, err)
	return credential
}

// tokenCredential sends tokens of a source that is closed with it.
type tokenCredential struct {
	gateway.Credential
	source tokenSource
}

type tokenSource interface {
	Token(context.Context) (client.Token, error)
	Close() error
}

func newTokenCredential(source tokenSource) tokenCredential {
	return tokenCredential{source: source, Credential: gateway.BearerToken(func(ctx context.Context) (mcpauth.Secret, error) {
		token, err := source.Token(ctx)
		return mcpauth.Secret(token.AccessToken), err
	})}
}

// Close ends what the source has under way.
func (c tokenCredential) Close() { _ = c.source.Close() } // it has no error

func (r *reader) clientCredentials(read *TokenRequest, resource mcpauth.Resource, field string) *TokenSettings {
	own, secret, ok := r.client(read, resource, field)
	if !ok {
		return nil
	}
	config := clientcredentials.Config{
		Client: own, TokenEndpoint: read.TokenEndpoint, Audience: read.Audience, Resource: read.Resource,
		Scopes: read.Scopes, Parameters: read.Parameters, Network: r.settings.Gateway.Auth.Network,
	}
	source, err := clientcredentials.New(config)
	if err != nil {
		r.tokenFaults(field, err)
		return nil
	}
	_ = source.Close() // it was made to be checked
	return &TokenSettings{Key: r.tokenKey("client_credentials", read, own, secret), Open: func(log *slog.Logger) (TokenCredential, error) {
		config.Logger = log
		source, err := clientcredentials.New(config)
		return newTokenCredential(source), err
	}}
}

func (r *reader) tokenExchange(read *TokenExchange, resource mcpauth.Resource, field string) *TokenSettings {
	own, secret, ok := r.client(&read.TokenRequest, resource, field)
	if !ok {
		return nil
	}
	config := tokenexchange.Config{
		Client: own, TokenEndpoint: read.TokenEndpoint, Flow: tokenexchange.Flow(read.Flow), Audience: read.Audience,
		Resource: read.Resource, Scopes: read.Scopes, Parameters: read.Parameters, Network: r.settings.Gateway.Auth.Network,
	}
	source, err := tokenexchange.New(config)
	if err != nil {
		r.tokenFaults(field, err)
		return nil
	}
	_ = source.Close() // it was made to be checked
	return &TokenSettings{Key: r.tokenKey("token_exchange "+read.Flow, &read.TokenRequest, own, secret), OfCaller: true, Open: func(log *slog.Logger) (TokenCredential, error) {
		config.Logger = log
		source, err := tokenexchange.New(config)
		return newTokenCredential(source), err
	}}
}

// client reads how the gateway authenticates at an authorization server. It also
// returns the secret, for a key of the settings.
func (r *reader) client(read *TokenRequest, resource mcpauth.Resource, field string) (own client.Credentials, secret mcpauth.Secret, ok bool) {
	own = client.Credentials{
		Issuer: read.Issuer, ClientID: read.Client.ID, KeyID: read.Client.KeyID, Algorithm: read.Client.Algorithm, AuthMethod: read.Client.AuthMethod,
	}
	ok = true
	if own.Issuer == "" {
		own.Issuer = issuerOf(resource, read.TokenEndpoint)
		if ok = own.Issuer != ""; !ok {
			r.faults.Add(IssuerUnknown, field+".Issuer", "")
		}
	}
	place := field + ".Client"
	switch {
	case (read.Client.Secret == nil) == (read.Client.Key == nil):
		r.faults.AddErr(NotOneOf, place, "", errors.New("known are secret and key"))
		return own, "", false
	case read.Client.Secret != nil:
		secret, read := r.secret(*read.Client.Secret, place+".Secret")
		own.ClientSecret = string(secret)
		return own, secret, ok && read
	}
	secret, isRead := r.secret(*read.Client.Key, place+".Key")
	if !isRead {
		return own, "", false
	}
	if own.PrivateKey = parseKey([]byte(secret)); own.PrivateKey == nil {
		r.faults.Add(InvalidKey, place+".Key", "")
		return own, "", false
	}
	return own, secret, ok
}

// issuerOf returns the authorization server of a resource, if it is the only one and
// the token endpoint can be its.
func issuerOf(resource mcpauth.Resource, endpoint string) string {
	if len(resource.AuthorizationServers) != 1 {
		return ""
	}
	issuer := resource.AuthorizationServers[0].Issuer
	if endpoint == "" {
		return issuer
	}
	a, err := url.Parse(issuer)
	b, otherErr := url.Parse(endpoint)
	if errors.Join(err, otherErr) != nil || a.Scheme != b.Scheme || a.Host != b.Host {
		return "" // with another issuer in it, an assertion of the client could be used there
	}
	return issuer
}

// parseKey reads a private key from PEM, in PKCS #8, SEC 1 or PKCS #1, or returns nil.
func parseKey(data []byte) crypto.Signer {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		var key any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		default:
			continue
		}
		if signer, ok := key.(crypto.Signer); ok && err == nil {
			return signer
		}
	}
	return nil
}

// tokenKey is the same for the same settings. Nobody can read the secret in it.
func (r *reader) tokenKey(kind string, read *TokenRequest, own client.Credentials, secret mcpauth.Secret) string {
	text := fmt.Sprintf("%q %q %q %q %q %q %q %q %q %q %q %q %q", kind, own.Issuer, own.ClientID, own.KeyID, own.Algorithm, own.AuthMethod,
		read.TokenEndpoint, read.Audience, read.Resource, read.Scopes, read.Parameters, r.document.AllowedNetworks, r.document.DangerouslyAllowHTTP)
	sum := sha256.Sum256([]byte(text + " " + string(secret)))
	return fmt.Sprintf("%x", sum)
}

// tokenFaults notes mistakes under the names that their fields have in the file.
func (r *reader) tokenFaults(field string, err error) {
	names := strings.NewReplacer(
		"Client.Issuer", "Issuer", "Client.ClientID", "Client.ID", "Client.ClientSecret", "Client.Secret", "Client.PrivateKey", "Client.Key",
	)
	for _, fault := range configerr.All(err) {
		r.faults.AddErr(fault.Fault, field+"."+names.Replace(fault.Field), fault.Value, fault.Err)
	}
}

// secret reads a secret from its place.
func (r *reader) secret(read Secret, field string) (value mcpauth.Secret, ok bool) {
	switch {
	case (read.File == "") == (read.Env == ""):
		r.faults.AddErr(NotOneOf, field, "", errors.New("known are file and env"))
		return "", false
	case read.Env != "":
		value = mcpauth.Secret(os.Getenv(read.Env))
		if value == "" {
			r.faults.Add(configfile.UnsetVariable, field+".Env", read.Env)
		}
		return value, value != ""
	}
	path := r.path(read.File)
	r.settings.Files = append(r.settings.Files, path)
	data, err := input.SecretFile(path)
	if err != nil {
		r.faults.AddErr(UnreadableFile, field+".File", "", err)
		return "", false
	}
	return mcpauth.Secret(data), true
}
