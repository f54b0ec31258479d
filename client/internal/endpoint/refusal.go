package endpoint

import (
	"errors"
	"net/http"
	"regexp"
	"slices"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/internal/jsonx"
)

// refusal is an error answer (RFC 6749 §5.2).
type refusal struct{ code, description string }

// readRefusal reads an error answer. A body of another kind has no code. The
// words of servers with a format of their own are read as the description.
func readRefusal(body []byte) refusal {
	var r refusal
	words := map[string]string{}
	err := jsonx.Object(body, maxDepth, func(name string, raw []byte) error {
		text, ok := jsonx.String(raw)
		switch {
		case name == "error" && ok:
			r.code = text
		case name == "error":
			r.description = readRefusal(raw).description
		case ok:
			words[name] = text
		}
		return nil
	})
	if err != nil {
		return refusal{}
	}
	for _, name := range []string{"error_description", "message", "detail"} {
		if words[name] != "" {
			r.description = words[name]
			break
		}
	}
	return r
}

// refusesWithSuccess reports whether a body with a status of success is an error
// answer: some servers send every answer so.
func refusesWithSuccess(body []byte) bool {
	refused, granted := false, false
	err := jsonx.Object(body, maxDepth, func(name string, raw []byte) error {
		refused = refused || name == "error" && string(raw) != "null"
		granted = granted || name == "access_token"
		return nil
	})
	return err == nil && refused && !granted
}

// RefusesClient reports whether an error is a refusal of the client: the server
// does not know it, or does not let it use the grant (RFC 6749 §5.2).
func RefusesClient(err error) bool {
	var refused *clienterr.TokenError
	return errors.As(err, &refused) && refused.Code == "unauthorized_client" || UnknownClient(err)
}

// UnknownClient reports whether an error says that the server does not know the
// client, or no longer (RFC 6749 §5.2).
func UnknownClient(err error) bool {
	var refused *clienterr.TokenError
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code {
	case "invalid_client":
		return true
	case "":
		return refused.Status == http.StatusUnauthorized || refused.Status < http.StatusInternalServerError && unknownClient.MatchString(refused.Description)
	}
	return false
}

// unknownClient finds the words of servers that have a format of their own for
// errors, such as "Unrecognized client_id".
var unknownClient = regexp.MustCompile(`(?i)\b(unrecogni[sz]ed|unknown|invalid|no such)\s+(oauth\s+)?client(_id)?\b|\bclient([ _]id)?\s+(was\s+|is\s+)?(not found|unknown|invalid|does not exist)`)

// RefusesGrant reports whether an error is a refusal for good: the same request
// would be refused again. The refusal of a server that is overloaded or fails
// is not for good.
func RefusesGrant(err error) bool {
	var refused *clienterr.TokenError
	if !errors.As(err, &refused) {
		return false
	}
	if slices.Contains([]string{"temporarily_unavailable", "server_error", "slow_down"}, refused.Code) {
		return false
	}
	switch refused.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return refused.Status < http.StatusMultipleChoices ||
		refused.Status >= http.StatusBadRequest && refused.Status < http.StatusInternalServerError
}
