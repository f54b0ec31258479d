package demo

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"github.com/mcp-auth/go/internal/webpage"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed templates/style.css
var indexStyle string

// page is the page that a browser gets at the MCP server's host: what there is to
// do next. At other addresses it says that there is nothing.
type page struct {
	inline           *webpage.Inline
	index, elsewhere []byte
}

func newPage(facts Facts) (*page, error) {
	parsed, err := template.New("").Funcs(template.FuncMap{"copy": newCopyable}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	p := &page{inline: webpage.New(indexStyle, webpage.CopyScript(), "'none'")}
	view := struct {
		Facts
		Style  template.CSS
		Script template.JS
	}{facts, p.inline.Style, p.inline.Script}
	for name, into := range map[string]*[]byte{"index.html": &p.index, "elsewhere.html": &p.elsewhere} {
		var rendered bytes.Buffer
		if err := parsed.ExecuteTemplate(&rendered, name, view); err != nil {
			return nil, err
		}
		*into = rendered.Bytes()
	}
	return p, nil
}

// ServeHTTP answers a browser with a page. A program finds nothing but the
// index.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	html, status := p.index, http.StatusOK
	if r.URL.Path != "/" {
		html, status = p.elsewhere, http.StatusNotFound
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !reads || status == http.StatusNotFound && !webpage.WantsPage(r) {
		http.NotFound(w, r)
		return
	}
	p.inline.SetHeaders(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(html) // the browser has left
}

// copyable is a text with a button that copies it.
type copyable struct{ ID, What, Text string }

func newCopyable(id, what, text string) copyable { return copyable{id, what, text} }
