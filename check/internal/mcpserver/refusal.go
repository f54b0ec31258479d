package mcpserver

import (
	"net/http"
	"slices"
	"strings"

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
	case a.Status == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != "":
		return finding.New("token_not_decided", a.Text(), "answered with 503 and Retry-After").As(finding.Info), true
	case a.Status == http.StatusServiceUnavailable:
		return finding.New("token_not_decided", a.Text(), "answered with 503"), true
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
