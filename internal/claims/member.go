package claims

import (
	"strings"
	"unicode/utf8"
)

// member is a claim that is read.
type member uint8

const (
	claimIss member = iota
	claimSub
	claimAud
	claimExp
	claimNbf
	claimIat
	claimScope
	claimScp
	claimClientID
	claimAzp
	claimCid
	claimAppid
	claimCnf
	claimTokenUse
	claimTyp
	// The following claims only have to be there: their names in another case
	// mean nothing.
	claimNonce
	claimAtHash
	claimCHash
	claimEvents

	memberCount = iota
)

var memberNames = [memberCount]string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "scope", "scp", "client_id", "azp", "cid", "appid", "cnf", "token_use", "typ",
	"nonce", "at_hash", "c_hash", "events",
}

func memberOf(name []byte) (m member, known bool) {
	switch string(name) {
	case "iss":
		return claimIss, true
	case "sub":
		return claimSub, true
	case "aud":
		return claimAud, true
	case "exp":
		return claimExp, true
	case "nbf":
		return claimNbf, true
	case "iat":
		return claimIat, true
	case "scope":
		return claimScope, true
	case "scp":
		return claimScp, true
	case "client_id":
		return claimClientID, true
	case "azp":
		return claimAzp, true
	case "cid":
		return claimCid, true
	case "appid":
		return claimAppid, true
	case "cnf":
		return claimCnf, true
	case "token_use":
		return claimTokenUse, true
	case "typ":
		return claimTyp, true
	case "nonce":
		return claimNonce, true
	case "at_hash":
		return claimAtHash, true
	case "c_hash":
		return claimCHash, true
	case "events":
		return claimEvents, true
	}
	return 0, false
}

// isVariant reports whether a name is that of a claim that is read, in another
// case. encoding/json, with which handlers read claims, takes one for the other,
// and also "ſ" and the Kelvin sign for "s" and "k".
func isVariant(name string) bool {
	for _, known := range memberNames[:claimNonce] {
		if len(name) < len(known) || name[0] < utf8.RuneSelf && name[0]|0x20 != known[0] { // another letter in any case
			continue
		}
		if strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}
