// Package oauth holds the vocabulary that the endpoints of an authorization
// server share: the names OAuth registers, error responses, request parameters,
// scopes and resource indicators. It decides on data and keeps no state.
package oauth
