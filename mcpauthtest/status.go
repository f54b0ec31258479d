package mcpauthtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

// statusView is what the status page shows.
type statusView struct {
	Style      template.CSS
	Issuer     string
	Metadata   string
	Algorithm  string
	Keys       int
	Resources  []string
	Grants     []Grant
	Now        time.Time
	Action     string
	CSRF       string
	Done       string
	Problem    string
	Inspection *inspection
}

// serveStatus shows the grants and reads tokens. What is typed in is kept
// nowhere.
func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) {
	s.pages.SetHeaders(w.Header())
	view := &statusView{}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		status = s.changeStatus(w, r, view)
	}
	grants, err := s.Grants(r.Context())
	if err != nil {
		failed := s.serverError(r, err)
		s.showError(w, r, failed.status, "The server failed.")
		return
	}
	view.Style, view.Issuer, view.Algorithm = s.pages.Style, s.issuer, s.config.Algorithm
	view.Metadata = s.base + wellKnownOIDC
	view.Keys, view.Resources, view.Grants = len(s.keys.published(s.now())), s.config.Resources, grants
	view.Now, view.Action, view.CSRF = s.now(), r.URL.Path, s.pages.newCSRF(w, r)
	s.render(w, r, status, "status.html", view)
}

// changeStatus does what a form of the page asks for.
func (s *Server) changeStatus(w http.ResponseWriter, r *http.Request, view *statusView) int {
	p, failed := formParameters(w, r)
	if failed == nil {
		failed = p.check()
	}
	if failed != nil {
		view.Problem = "The form cannot be read."
		return http.StatusBadRequest
	}
	if !s.pages.sameSite(r) || !s.pages.checkCSRF(r, p.get("csrf")) {
		view.Problem = "The form was not sent from this page, or cookies are blocked."
		return http.StatusForbidden
	}
	switch p.get("action") {
	case "inspect":
		view.Inspection = s.inspect(r.Context(), p.get("token"))
	case "revoke":
		if err := s.RevokeGrant(r.Context(), p.get("grant")); err != nil {
			view.Problem = "The grant cannot be revoked."
			return http.StatusBadRequest
		}
		view.Done = "The grant is revoked."
	case "rotate":
		if err := s.RotateKeys(); err != nil {
			s.log.ErrorContext(r.Context(), "internal error", "path", r.URL.Path, "error", err)
			view.Problem = "The keys cannot be rotated."
			return http.StatusInternalServerError
		}
		view.Done = "The keys are rotated. Tokens signed so far stay valid."
	default:
		view.Problem = "The form asks for nothing that is known here."
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// inspection is what can be said of a token.
type inspection struct {
	Verdict        string
	Valid          bool
	Findings       []finding
	Header, Claims string // JSON, empty where there is none
}

// finding is one property of a token.
type finding struct {
	Good bool
	Text string
}

func (i *inspection) find(good bool, format string, args ...any) {
	i.Findings = append(i.Findings, finding{good, fmt.Sprintf(format, args...)})
}

// inspect reads a token, with or without the scheme in front of it.
func (s *Server) inspect(ctx context.Context, token string) *inspection {
	token = strings.TrimSpace(token)
	for _, scheme := range []string{"Bearer ", "DPoP "} {
		if len(token) > len(scheme) && strings.EqualFold(token[:len(scheme)], scheme) {
			token = strings.TrimSpace(token[len(scheme):])
		}
	}
	i := &inspection{Verdict: "Not a token of this server, or not valid any more"}
	if v, ok := s.handles.open(refreshHandle, token); ok {
		s.inspectRefresh(ctx, i, v)
		return i
	}
	if _, ok := s.handles.open(codeHandle, token); ok {
		i.Verdict = "An authorization code of this server"
		return i
	}
	revealed := s.opaque.reveal(token)
	if revealed != token {
		i.find(true, "Opaque: resource servers see nothing of what follows and must introspect it")
	}
	s.inspectJWT(ctx, i, revealed)
	return i
}

func (s *Server) inspectRefresh(ctx context.Context, i *inspection, v handle) {
	i.Verdict = "A refresh token of this server, not valid any more"
	g, err := s.store.Grant(ctx, v.id, s.now())
	if err != nil {
		i.find(false, "Its login has ended")
		return
	}
	i.find(!g.Revoked, "Its login is %s", map[bool]string{true: "revoked", false: "not revoked"}[g.Revoked])
	i.find(g.Refresh == v.number, "It is number %d of its login; number %d is the valid one", v.number, g.Refresh)
	if i.Valid = !g.Revoked && g.Refresh == v.number; i.Valid {
		i.Verdict = "A valid refresh token of this server"
	}
}

func (s *Server) inspectJWT(ctx context.Context, i *inspection, token string) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		i.find(false, "It is no JWT")
		return
	}
	i.Header, i.Claims = indented(parts[0]), indented(parts[1])
	typ, claims, err := s.signedClaims(token)
	if err != nil {
		i.find(false, "Not to be trusted: %v", err)
		return
	}
	i.find(true, "Signed with a key of this server, and iss is this server")
	kind, known := map[string]string{
		typeAccessToken: "an access token", typeIDToken: "an ID token, which no resource server may accept",
		typeIDJAG: "an identity assertion for another authorization server",
	}[typ]
	i.find(known, "typ is %q: %s", typ, cmp.Or(kind, "not known here"))
	if exp, ok := claims["exp"].(float64); ok {
		left := time.Unix(int64(exp), 0).Sub(s.now()).Round(time.Second)
		i.find(left > 0, "exp is %s, %s", time.Unix(int64(exp), 0).UTC().Format(time.RFC3339), fromNow(left))
	}
	if err := s.checkValidity(ctx, claims); err != nil {
		i.find(false, "Not valid: %v", err)
		return
	}
	i.Valid, i.Verdict = true, "Valid, and signed by this server"
}

func fromNow(left time.Duration) string {
	if left > 0 {
		return "in " + left.String()
	}
	return (-left).String() + " ago"
}

// indented returns a part of a JWT as readable JSON.
func indented(part string) string {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return ""
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		return ""
	}
	return pretty.String()
}
