// Package authserver is an OAuth 2.1 authorization server without users: it
// handles authorization requests and codes, clients and their registration,
// tokens and their keys, and leaves it to a login to find out who the user is.
//
// It assembles the packages below it. The ones without state come first, and
// each imports only packages before it:
//
//	oauth, limit, expiring                 names, errors, parameters; token bucket; map with expiry
//	store, key, secret                     what is kept; signing keys; secrets at rest
//	grant                                  grants, codes, refresh tokens, PKCE
//	document, keyset, assertion            documents and keys of others, JWTs they signed
//	client, registration, clientdoc        clients, configured, registered or described by a document
//	clientauth, proof                      how clients authenticate, DPoP proofs
//	token                                  access tokens, ID tokens, assertions
//	respond, page, route                   responses to programs, pages, paths
//	authorize, consent                     the authorization endpoint, the door for logins, the consent page
//	tokenendpoint, introspection, revocation
//
// A program gives it a [authorize.Login] and, if the login needs more on the
// consent page, templates for [page.Pages]. A login with passwords answers on
// the consent page itself. A login at another provider sends the browser there
// and completes the request later. Neither needs anything else of this package.
package authserver
