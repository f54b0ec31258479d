package mcpserver

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/finding"
)

// judgeRefusal judges how an invalid token is refused, and reports whether
// anything is wrong. Clients act on the refusal: on 401 they get a new token,
// on 403 they ask for more scopes or give up. withoutToken is the answer to a
// request without a token.
func judgeRefusal(a, withoutToken *answer.Answer) (found finding.Finding, poor bool) {
	first, bearer := withoutToken.Bearer(), a.Bearer()
	switch {
	case undecided(a) && a.Header.Get("Retry-After") != "":
		return finding.New("token_not_decided", a.Text(), "answered with %d and Retry-After", a.Status).As(finding.Info), true
	case undecided(a):
		return finding.New("token_not_decided", a.Text(), "answered with %d", a.Status), true
	case a.Status >= 500:
		return finding.New("token_refusal_failure", a.Text(), "answered with %d instead of 401", a.Status), true
	case a.Status != http.StatusUnauthorized:
		return finding.New("token_refusal_status", a.Text(), "answered with %d instead of 401", a.Status), true
	case bearer == nil:
		return finding.New("token_refusal_without_challenge", a.Challenge(), "refused without a challenge of the scheme Bearer"), true
	case a.ErrorCode() != "invalid_token":
		return finding.New("token_refusal_code", a.Challenge(), "refused without the error invalid_token in the challenge"), true
	case first != nil && first.Params["resource_metadata"] != bearer.Params["resource_metadata"]:
		return finding.New("token_refusal_without_metadata", a.Challenge(), "refused with another resource_metadata than a request without a token"), true
	}
	return finding.Finding{}, false
}

const (
	// usualPatience is how long to wait for a server that does not say how long
	// it needs.
	usualPatience = 6 * time.Second
	maxPatience   = 15 * time.Second
)

// undecided reports whether an answer only puts the decision off. There is no
// decision in a nil answer either, but asking again would not help.
func undecided(a *answer.Answer) bool {
	return a != nil && (a.Status == http.StatusServiceUnavailable || a.Status == http.StatusTooManyRequests)
}

// patience returns how long to wait before asking again (RFC 9110 §10.2.3).
func patience(a *answer.Answer) time.Duration {
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return usualPatience
	}
	return min(time.Duration(seconds)*time.Second, maxPatience)
}

// poorRefusals collects what is wrong with refusals. Mostly the same is wrong
// with all of them, and is then one finding.
type poorRefusals []poorRefusal

// poorRefusal is a finding whose message says only how tokens are refused, and
// the tokens that are refused so.
type poorRefusal struct {
	finding.Finding
	tokens []string
}

func (p *poorRefusals) note(f finding.Finding, token string) {
	i := slices.IndexFunc(*p, func(o poorRefusal) bool { return o.Code == f.Code && o.Message == f.Message })
	if i < 0 {
		*p = append(*p, poorRefusal{f, []string{token}})
		return
	}
	(*p)[i].tokens = append((*p)[i].tokens, token)
}

func (p poorRefusals) findings() (found finding.List) {
	for _, o := range p {
		o.Message = finding.Capital(o.Message) + ": " + strings.Join(o.tokens, ", ") + "."
		found = append(found, o.Finding)
	}
	return found
}
