package routers

import (
	"net/http"

	"github.com/labstack/echo/v5"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
)

// Echo returns the server on echo, which converts middleware of net/http itself.
func Echo(auth *mcpauth.Auth, mcpServer http.Handler) (http.Handler, error) {
	protect, err := auth.Middleware(mcpauth.Scopes("read:notes"))
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.Any("/.well-known/*", echo.WrapHandler(auth.MetadataHandler()))
	e.Any("/mcp", echo.WrapHandler(gosdk.Protect(auth, mcpServer, mcpauth.Scopes("read:notes"))))
	e.GET("/notes", func(c *echo.Context) error {
		info, err := mcpauth.RequireAuthInfo(c.Request().Context())
		if err != nil {
			mcpauth.WriteChallenge(c.Response(), err)
			return nil
		}
		return c.String(http.StatusOK, "the notes of "+info.Subject)
	}, echo.WrapMiddleware(protect))
	return e, nil
}
