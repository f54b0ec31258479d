// Package authserver is an OAuth 2.1 authorization server without users: it
// handles authorization requests and codes, clients and their registration,
// tokens and their keys, and leaves it to a login to find out who the user is.
//
// It assembles the packages below it. Each imports only packages of the lines
// above its own:
//
//	oauth, limit, expiring, key, route, page               names and errors, rate limits, expiry, signing keys, paths, pages
//	store, respond, document                               what is kept, responses to programs, documents of others
//	secret, grant, keyset, proof                           secrets at rest, grants and PKCE, keys of others, DPoP proofs
//	assertion, client, trustedissuer, token                JWTs of others, clients, issuers that are trusted, tokens
//	registration, clientauth, authorize                    how clients register and authenticate, the authorization endpoint
//	clientdoc, consent, tokenendpoint, introspection, …    clients described by a document, the consent page, more endpoints
//
// A program gives it an [authorize.Login] and, if the login needs fields on the
// consent page, templates for [page.Pages]. A login by password decides on the
// consent page. A login at another provider sends the browser there and completes
// the request later.
package authserver
