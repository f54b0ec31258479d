package demo

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"github.com/mcp-auth/go/internal/webpage"
)

//go:embed templates/index.html
var indexPage string

//go:embed templates/style.css
var indexStyle string

// newPage renders the page that a browser gets at the MCP server's host:
// what there is to do next.
func newPage(facts Facts) (http.Handler, error) {
	t, err := template.New("index").Parse(indexPage)
	if err != nil {
		return nil, err
	}
	inline := webpage.New(indexStyle, "", "'none'")
	var page bytes.Buffer
	err = t.Execute(&page, struct {
		Facts
		Style template.CSS
	}{facts, inline.Style})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		inline.SetHeaders(w.Header())
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page.Bytes()) // the browser has left
	}), nil
}
