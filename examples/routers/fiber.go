package routers

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
)

// Fiber returns the server on fiber, which is not built on net/http. Only whole
// handlers are protected: with adaptor.HTTPMiddleware, fiber's own handlers would
// run outside of mcpauth.
func Fiber(auth *mcpauth.Auth, mcpServer http.Handler) *fiber.App {
	notes := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, err := mcpauth.RequireAuthInfo(r.Context())
		if err != nil {
			mcpauth.WriteChallenge(w, err)
			return
		}
		_, _ = w.Write([]byte("the notes of " + info.Subject))
	})
	app := fiber.New()
	app.All("/.well-known/*", fiberHandler(auth.MetadataHandler()))
	app.All("/mcp", fiberHandler(gosdk.Protect(auth, mcpServer, mcpauth.Scopes("read:notes"))))
	app.Get("/notes", fiberHandler(auth.Protect(notes, mcpauth.Scopes("read:notes"))))
	return app
}

// fiberHandler makes a handler of net/http a handler of fiber. It gives it a request
// of its own: fiber uses the memory of a request, context included, for the next
// one, while sessions and caches keep parts of it. And fiber's adaptor passes on
// only one header of each name, so that a second Authorization would go unnoticed.
func fiberHandler(next http.Handler) fiber.Handler {
	return func(c fiber.Ctx) error {
		header := http.Header{}
		for name, value := range c.Request().Header.All() {
			header.Add(string(name), string(value))
		}
		header.Del("Host") // net/http has it in the request
		return adaptor.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			own := r.Clone(context.Background())
			own.Header = header
			own.Method, own.Host, own.RemoteAddr = strings.Clone(r.Method), strings.Clone(r.Host), strings.Clone(r.RemoteAddr)
			own.RequestURI = strings.Clone(r.RequestURI)
			own.URL, _ = url.ParseRequestURI(own.RequestURI) // parsed by the adaptor before
			next.ServeHTTP(w, own)
		}))(c)
	}
}
