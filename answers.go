package mcpauth

import (
	"net/http"
	"slices"

	"github.com/mcp-auth/go/internal/credential"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/response"
	"github.com/mcp-auth/go/reason"
)

// preparedAnswers are answers that a middleware makes beforehand, to what most
// refused requests are refused for: a flood of strangers costs little then.
type preparedAnswers []preparedAnswer

type preparedAnswer struct {
	challenge *Challenge
	answer    response.Answer
}

// prepareAnswers prepares none if DPoP is taken: answers then depend on the
// request's scheme.
func prepareAnswers(res *resource, p *protection) (list preparedAnswers) {
	if res.sender.DPoP() != nil {
		return nil
	}
	req := &Request{Scopes: p.scopes, ChallengeScopes: p.challenge}
	for _, r := range []*refusal.Refusal{
		{Status: http.StatusUnauthorized, Reason: reason.NoCredentials},
		{Status: http.StatusUnauthorized, Code: refusal.CodeInvalidToken, Reason: reason.MalformedToken},
		{Status: http.StatusBadRequest, Code: refusal.CodeInvalidRequest, Reason: reason.MalformedCredentials},
		{Status: http.StatusForbidden, Code: refusal.CodeInsufficientScope, Reason: reason.InsufficientScope},
	} {
		c := res.challenge(req, credential.Bearer, r)
		list = append(list, preparedAnswer{c, c.answer()})
	}
	return list
}

// write sends the answer to c, and returns false if it was not prepared.
func (list preparedAnswers) write(w http.ResponseWriter, c *Challenge) bool {
	for i := range list {
		if p := &list[i]; p.fits(c) {
			p.answer.Write(w, c.DPoPNonce, c.RetryAfter)
			return true
		}
	}
	return false
}

// fits reports whether the prepared answer is the answer to c.
func (p *preparedAnswer) fits(c *Challenge) bool {
	of := p.challenge
	return c.rpc == nil && c.Status == of.Status && c.Code == of.Code && c.Description == of.Description &&
		c.ResourceMetadata == of.ResourceMetadata && len(c.DPoPAlgorithms) == 0 && slices.Equal(c.Scopes, of.Scopes)
}
