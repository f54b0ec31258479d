package clienterr

import "fmt"

// TokenError reports that an endpoint of the authorization server refused a
// request (RFC 6749 §5.2, RFC 7591 §3.2.2).
type TokenError struct {
	// Endpoint is the URL that was asked, without its query.
	Endpoint string
	// Status is the HTTP status of the answer.
	Status int
	// Code is the error code, such as "invalid_grant", empty if the answer has
	// none.
	Code string
	// Description is the server's text for developers: printable, at most 300
	// bytes, without any secret that was sent, empty if there is none.
	Description string
}

// Error names the endpoint, the status and the server's reason.
func (e *TokenError) Error() string {
	text := fmt.Sprintf("%s answered with status %d", e.Endpoint, e.Status)
	if reason := described(e.Code, e.Description); reason != "" {
		text += ": " + reason
	}
	return text
}

// AnswerError reports that the answer of an authorization server cannot be
// used.
type AnswerError struct {
	// Endpoint is the URL that was asked, without its query.
	Endpoint string
	// Reason says what is wrong, and shows nothing of the answer.
	Reason string
}

// Error names the endpoint and the reason.
func (e *AnswerError) Error() string {
	return "the answer of " + e.Endpoint + " cannot be used: " + e.Reason
}
