package authserver

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/keyset"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/check/internal/transport"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/metadata"
)

// maxKeyLifetime is how long keys may be cached without a warning.
const maxKeyLifetime = 24 * time.Hour

// repairFunction is what panics if a repair does.
const repairFunction = "the repair function"

// fetchKeys fetches and judges the keys, repaired if that is not nil. It returns nil
// if there are none, or if capability.Judge has reported jwks_uri.
func fetchKeys(ctx context.Context, p *probe.Probe, document *metadata.AuthorizationServer, repair func([]byte) ([]byte, error)) (*jose.KeySet, finding.List) {
	var found finding.List
	uri := document.JWKSURI
	if uri == "" || !p.MayName(uri) {
		return nil, nil
	}
	resp, err := p.Do(ctx, "keys", fetch.Request{
		URL:    uri,
		Header: http.Header{"Accept": {"application/jwk-set+json, application/json"}, "Origin": {pageOrigin}},
	})
	switch {
	case ctx.Err() != nil:
		return nil, nil
	case err != nil:
		found.Add("keys_unavailable", transport.FailureText(err), "The keys cannot be fetched.")
		return nil, found
	case resp.Status != http.StatusOK:
		found.Add("keys_unavailable", fmt.Sprint("status ", resp.Status), "The keys cannot be fetched.")
		return nil, found
	}
	body := resp.Body
	if repair != nil {
		if body, err = panics.Call(repairFunction, func() ([]byte, error) { return repair(resp.Body) }); err != nil {
			found.Add("keys_malformed", finding.Reason(err), "The keys cannot be repaired.")
			return nil, found
		}
	}
	keys, found := keyset.Judge(body, document.IDTokenSigningAlgValuesSupported)
	if keys != nil {
		found = append(found, judgeKeyDelivery(resp, p.Now())...)
	}
	return keys, found
}

// judgeKeyDelivery judges how the keys are delivered.
func judgeKeyDelivery(resp *fetch.Response, now time.Time) (found finding.List) {
	if kind := transport.MediaType(resp.Header); kind != "application/json" && kind != "application/jwk-set+json" {
		found.Add("keys_content_type", resp.Header.Get("Content-Type"), "The keys are not sent as JSON.")
	}
	if !transport.AllowsOrigin(resp.Header, pageOrigin) {
		found.Add("keys_without_cors", transport.OriginEvidence(resp.Header), "Web pages may not read the keys.")
	}
	fresh, caching := transport.Caching(resp, now, "keys", "keys_not_cacheable")
	found = append(found, caching...)
	if fresh > maxKeyLifetime {
		found.Add("keys_cached_too_long", transport.CacheEvidence(resp.Header), "The keys may be cached for %s.", fresh)
	}
	return found
}

// preflights asks the endpoints to which clients in web pages send POST
// requests for their CORS rules.
func preflights(ctx context.Context, p *probe.Probe, document *metadata.AuthorizationServer) {
	preflight(ctx, p, "token_endpoint", document.TokenEndpoint, "token_endpoint_without_cors")
	preflight(ctx, p, "registration_endpoint", document.RegistrationEndpoint, "registration_without_cors")
}

func preflight(ctx context.Context, p *probe.Probe, member, endpoint string, denied finding.Code) {
	if endpoint == "" || !p.MayName(endpoint) || ctx.Err() != nil {
		return
	}
	resp, err := p.Do(ctx, member+", preflight", fetch.Request{
		Method: http.MethodOptions,
		URL:    endpoint,
		Header: http.Header{
			"Origin":                         {pageOrigin},
			"Access-Control-Request-Method":  {http.MethodPost},
			"Access-Control-Request-Headers": {"content-type"},
		},
	})
	switch {
	case err != nil && ctx.Err() != nil: // there was no time left for it
	case err != nil:
		p.Add(finding.New("endpoint_unreachable", transport.FailureText(err), "%s cannot be reached.", member))
	case resp.Status/100 != 2 || !transport.AllowsOrigin(resp.Header, pageOrigin):
		p.Add(finding.New(denied, fmt.Sprintf("status %d, %s", resp.Status, transport.OriginEvidence(resp.Header)), "%s does not allow preflight requests from every web page.", member))
	default:
		p.Add(finding.New("browsers_allowed", "", "%s allows preflight requests from every web page.", member))
	}
}
