package mcpauthtest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/mcp-auth/go/internal/authserver/grant"
)

// maxListedGrants limits how many grants [Server.Grants] returns.
const maxListedGrants = 200

// Grant is what a client was allowed to do.
type Grant struct {
	// ID names the grant, for [Server.RevokeGrant].
	ID string
	// Type is the grant type, such as authorization_code.
	Type string
	// ClientID and ClientName name the client. Subject is the user, or the client
	// if it acts for itself.
	ClientID, ClientName, Subject string
	// Scopes and Resources are the most that its tokens can have.
	Scopes, Resources []string
	// DPoPKey is the thumbprint of the key that the grant is bound to (RFC 9449
	// §10). It is empty if the grant is not bound.
	DPoPKey string
	// Given and Expires are when the grant begins and ends.
	Given, Expires time.Time
	// Redeemed reports whether the authorization code was redeemed.
	Redeemed bool
	// Revoked reports whether the grant was ended early.
	Revoked bool
}

func listGrants(ctx context.Context, grants *grant.Store) ([]Grant, error) {
	states, err := grants.List(ctx, maxListedGrants)
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: listing the grants: %w", err)
	}
	listed := make([]Grant, 0, len(states))
	for _, state := range states {
		g, err := grant.Read(state.Data)
		if err != nil {
			return nil, fmt.Errorf("mcpauthtest: %w", err)
		}
		listed = append(listed, Grant{
			ID: hex.EncodeToString(state.ID[:]), Type: g.Type,
			ClientID: g.ClientID, ClientName: g.ClientName, Subject: g.Subject,
			Scopes: g.Scopes, Resources: g.Resources, DPoPKey: g.JKT,
			Given: g.Given, Expires: state.Expires, Redeemed: state.Consumed, Revoked: state.Revoked,
		})
	}
	return listed, nil
}

func revokeGrant(ctx context.Context, grants *grant.Store, id string) error {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != len(GrantID{}) {
		return errors.New("mcpauthtest: not the ID of a grant")
	}
	if err := grants.Revoke(ctx, GrantID(raw)); err != nil {
		return fmt.Errorf("mcpauthtest: revoking a grant: %w", err)
	}
	return nil
}
