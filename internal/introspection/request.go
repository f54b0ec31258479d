package introspection

import (
	"encoding/base64"
	"net/http"
	"net/url"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
)

// request makes the call (RFC 7662 §2.1, RFC 9701 §4).
func (i *Introspector) request(endpoint, token string) (fetch.Request, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	header := http.Header{
		"Accept":       {"application/json"},
		"Content-Type": {"application/x-www-form-urlencoded"},
	}
	if i.config.Signed {
		header.Set("Accept", "application/"+signedType)
	}
	if err := i.authenticate(form, header); err != nil {
		return fetch.Request{}, err
	}
	return fetch.Request{
		Method: http.MethodPost,
		URL:    endpoint,
		Header: header,
		Body:   []byte(form.Encode()),
		// An endpoint on loopback that the configuration names is meant.
		AllowLoopback: i.config.Endpoint != "" || fetch.IsLoopbackURL(i.config.Expected.Issuer),
	}, nil
}

func (i *Introspector) authenticate(form url.Values, header http.Header) error {
	id, secret := i.config.Client.ID, i.config.Client.Secret
	switch i.config.Client.Method {
	case ClientSecretBasic:
		// Form-urlencoded first: RFC 6749 §2.3.1 says so, and otherwise a colon
		// or a character that is not ASCII would break the header.
		credentials := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	case ClientSecretPost:
		form.Set("client_id", id)
		form.Set("client_secret", secret)
	case PrivateKeyJWT:
		assertion, err := i.config.Client.Key.ClientAssertion(id, i.config.Expected.Issuer, i.config.Now())
		if err != nil {
			return err
		}
		form.Set("client_id", id)
		form.Set("client_assertion_type", jose.ClientAssertionType)
		form.Set("client_assertion", assertion)
		return nil // not to be sent twice: the server may remember its jti
	}
	// net/http may then send the request again on a new connection if the server
	// has just closed an idle one. The header itself is not sent.
	header["X-Idempotency-Key"] = nil
	return nil
}
