package claims

import (
	"strings"
	"unicode/utf8"
)

// member is a claim that is read.
type member uint8

const (
	iss member = iota
	sub
	aud
	exp
	nbf
	iat
	scope
	scp
	clientID
	azp
	cid
	appid
	cnf
	tokenUse
	typ
	// The following claims only have to be there: their names in another case
	// mean nothing.
	nonce
	atHash
	cHash
	events

	memberCount = iota
)

var memberNames = [memberCount]string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "scope", "scp", "client_id", "azp", "cid", "appid", "cnf", "token_use", "typ",
	"nonce", "at_hash", "c_hash", "events",
}

func memberOf(name []byte) (m member, known bool) {
	switch string(name) {
	case "iss":
		return iss, true
	case "sub":
		return sub, true
	case "aud":
		return aud, true
	case "exp":
		return exp, true
	case "nbf":
		return nbf, true
	case "iat":
		return iat, true
	case "scope":
		return scope, true
	case "scp":
		return scp, true
	case "client_id":
		return clientID, true
	case "azp":
		return azp, true
	case "cid":
		return cid, true
	case "appid":
		return appid, true
	case "cnf":
		return cnf, true
	case "token_use":
		return tokenUse, true
	case "typ":
		return typ, true
	case "nonce":
		return nonce, true
	case "at_hash":
		return atHash, true
	case "c_hash":
		return cHash, true
	case "events":
		return events, true
	}
	return 0, false
}

// isVariant reports whether a name is that of a claim that is read, in another
// case. encoding/json, with which handlers read claims, takes one for the other,
// and also "ſ" and the Kelvin sign for "s" and "k".
func isVariant(name string) bool {
	for _, known := range memberNames[:nonce] {
		if len(name) < len(known) || name[0] < utf8.RuneSelf && name[0]|0x20 != known[0] { // another letter in any case
			continue
		}
		if strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}
