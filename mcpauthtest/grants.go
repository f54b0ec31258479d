package mcpauthtest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// maxListedGrants bounds what [Server.Grants] returns.
const maxListedGrants = 200

// Grant is what a client was allowed to do.
type Grant struct {
	// ID names the grant, for [Server.RevokeGrant].
	ID string
	// Type is the grant type, such as authorization_code.
	Type string
	// ClientID and ClientName are the client's. Subject is the user's, or the
	// client's if it acts for itself.
	ClientID, ClientName, Subject string
	// Scopes and Resources are the most that its tokens can have.
	Scopes, Resources []string
	// DPoPKey is the thumbprint of the key that it is bound to (RFC 9449 §10),
	// empty without one.
	DPoPKey string
	// Given and Expires are when it begins and ends.
	Given, Expires time.Time
	// Redeemed says that its authorization code was redeemed.
	Redeemed bool
	// Revoked says that it was ended early.
	Revoked bool
}

// Grants returns the grants that have not expired, the newest first, and at
// most 200.
func (s *Server) Grants(ctx context.Context) ([]Grant, error) {
	states, err := s.store.Grants(ctx, maxListedGrants, s.now())
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: listing the grants: %w", err)
	}
	grants := make([]Grant, 0, len(states))
	for _, state := range states {
		var g grant
		if err := json.Unmarshal(state.Data, &g); err != nil {
			return nil, errors.New("mcpauthtest: a stored grant cannot be read")
		}
		grants = append(grants, Grant{
			ID: hex.EncodeToString(state.ID[:]), Type: g.Type,
			ClientID: g.ClientID, ClientName: g.ClientName, Subject: g.Subject,
			Scopes: g.Scopes, Resources: g.Resources, DPoPKey: g.JKT,
			Given: g.Given, Expires: state.Expires, Redeemed: state.Consumed, Revoked: state.Revoked,
		})
	}
	return grants, nil
}

// RevokeGrant ends a grant and with it its refresh token. [Server.TokenActive]
// and introspection then call its access tokens inactive. It does nothing if
// the grant is unknown.
func (s *Server) RevokeGrant(ctx context.Context, id string) error {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != len(GrantID{}) {
		return errors.New("mcpauthtest: not the ID of a grant")
	}
	if err := s.store.Revoke(ctx, GrantID(raw)); err != nil {
		return fmt.Errorf("mcpauthtest: revoking a grant: %w", err)
	}
	return nil
}
