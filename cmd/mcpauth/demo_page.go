package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"github.com/mcp-auth/go/internal/webpage"
)

//go:embed templates/*.html
var demoTemplates embed.FS

//go:embed templates/style.css
var indexStyle string

// demoPage is the page that a browser gets at the MCP server's host: what there
// is to do next. At other addresses it says that there is nothing.
type demoPage struct {
	inline           *webpage.Inline
	index, elsewhere []byte
}

func newDemoPage(facts demoFacts) (*demoPage, error) {
	templates, err := template.New("").Funcs(template.FuncMap{"copy": newCopyable}).ParseFS(demoTemplates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	p := &demoPage{inline: webpage.New(indexStyle, webpage.CopyScript(), "'none'")}
	view := struct {
		demoFacts
		Style  template.CSS
		Script template.JS
	}{facts, p.inline.Style, p.inline.Script}
	for name, page := range map[string]*[]byte{"index.html": &p.index, "elsewhere.html": &p.elsewhere} {
		var rendered bytes.Buffer
		if err := templates.ExecuteTemplate(&rendered, name, view); err != nil {
			return nil, err
		}
		*page = rendered.Bytes()
	}
	return p, nil
}

// ServeHTTP answers a browser with a page. A program finds nothing but the
// index.
func (p *demoPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, status := p.index, http.StatusOK
	if r.URL.Path != "/" {
		page, status = p.elsewhere, http.StatusNotFound
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead || status == http.StatusNotFound && !webpage.WantsPage(r) {
		http.NotFound(w, r)
		return
	}
	p.inline.SetHeaders(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page) // the browser left: nobody to tell
}

// copyable is a text with a button that copies it.
type copyable struct{ ID, What, Text string }

func newCopyable(id, what, text string) copyable { return copyable{id, what, text} }
