package routers

import (
	"net/http"

	"github.com/gin-gonic/gin"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
)

// Gin returns the server on gin.
func Gin(auth *mcpauth.Auth, mcpServer http.Handler) (http.Handler, error) {
	protect, err := auth.Middleware(mcpauth.Scopes("read:notes"))
	if err != nil {
		return nil, err
	}
	r := gin.New()
	r.Any("/.well-known/*path", gin.WrapH(auth.MetadataHandler()))
	r.Any("/mcp", gin.WrapH(gosdk.Protect(auth, mcpServer, mcpauth.Scopes("read:notes"))))
	r.GET("/notes", ginMiddleware(protect), func(c *gin.Context) {
		info, err := mcpauth.RequireAuthInfo(c.Request.Context())
		if err != nil {
			mcpauth.WriteChallenge(c.Writer, err)
			return
		}
		c.String(http.StatusOK, "the notes of "+info.Subject)
	})
	return r, nil
}

// ginMiddleware makes middleware of net/http middleware of gin. Without Abort, gin
// would run the handler after a 401, too.
func ginMiddleware(wrap func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		outer := c.Writer
		next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.Request, c.Writer = r, &ginWriter{outer, w}
			c.Next()
		})
		wrap(next).ServeHTTP(outer, c.Request)
		c.Writer = outer
		c.Abort() // the handlers behind have run in next, or must not run
	}
}

// ginWriter writes to the writer that the middleware gave to the handler.
type ginWriter struct {
	gin.ResponseWriter

	to http.ResponseWriter
}

func (w *ginWriter) Header() http.Header               { return w.to.Header() }
func (w *ginWriter) WriteHeader(status int)            { w.to.WriteHeader(status) }
func (w *ginWriter) Write(p []byte) (int, error)       { return w.to.Write(p) }
func (w *ginWriter) WriteString(s string) (int, error) { return w.to.Write([]byte(s)) }
func (w *ginWriter) Flush()                            { _ = http.NewResponseController(w.to).Flush() }
func (w *ginWriter) Unwrap() http.ResponseWriter       { return w.to }
