package routers

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
)

// Chi returns the server on chi, whose middleware is that of net/http.
func Chi(auth *mcpauth.Auth, mcpServer http.Handler) (http.Handler, error) {
	protect, err := auth.Middleware(mcpauth.Scopes("read:notes"))
	if err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Handle("/.well-known/*", auth.MetadataHandler())
	r.Handle("/mcp", gosdk.Protect(auth, mcpServer, mcpauth.Scopes("read:notes")))
	r.With(protect).Get("/notes", func(w http.ResponseWriter, r *http.Request) {
		info, err := mcpauth.RequireAuthInfo(r.Context())
		if err != nil {
			mcpauth.WriteChallenge(w, err)
			return
		}
		_, _ = w.Write([]byte("the notes of " + info.Subject))
	})
	return r, nil
}
