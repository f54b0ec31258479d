// Package checkweb is the page of mcpauth check --web: a form for what to check,
// the requests as they are made, and the report.
//
// Whoever can start a check makes this machine send requests, so the page is for
// the user at this machine alone: it answers to its own host name only, starts
// checks for its own form only, and what a checked server says is text on it.
package checkweb

import (
	"bytes"
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/webpage"
)

const (
	// DefaultTimeout bounds a check as a whole.
	DefaultTimeout = time.Minute

	maxChecks  = 2  // at the same time
	maxReports = 20 // kept
)

//go:embed templates
var files embed.FS

// Config says where the page is, and how checks are made.
type Config struct {
	// Origin is where the page is served, such as http://127.0.0.1:3001. It
	// must be a loopback one.
	Origin string
	// Options are those of every check. Token and OnExchange must not be set.
	Options check.Options
	// Timeout bounds each check as a whole. Zero means DefaultTimeout.
	Timeout time.Duration
}

// server is the page. Its fields do not change, reports and slots aside.
type server struct {
	config    Config
	hosts     []string // that the page answers to
	csrf      string   // in every form of ours, and known to no other page
	templates *template.Template
	plain     *webpage.Inline // of pages without a script
	scripted  *webpage.Inline // of reports
	slots     chan struct{}   // one for each check that runs
	reports   *store
}

// New returns the page.
func New(config Config) (http.Handler, error) {
	hosts, err := hostsOf(config.Origin)
	if err != nil {
		return nil, err
	}
	if config.Timeout <= 0 {
		config.Timeout = DefaultTimeout
	}
	s := &server{
		config:  config,
		hosts:   hosts,
		csrf:    rand.Text(),
		slots:   make(chan struct{}, maxChecks),
		reports: newStore(maxReports),
	}
	if err := s.readFiles(); err != nil {
		return nil, fmt.Errorf("checkweb: reading the pages: %w", err)
	}
	return s.guard(s.routes()), nil
}

func (s *server) readFiles() (err error) {
	s.templates, err = template.New("").Funcs(template.FuncMap{"details": details, "isLink": isLink}).ParseFS(files, "templates/*.html")
	if err != nil {
		return err
	}
	style, err := files.ReadFile("templates/style.css")
	if err != nil {
		return err
	}
	s.plain = webpage.New(string(style), "", "'self'")
	s.scripted = webpage.New(string(style), webpage.CopyScript(), "'self'")
	return nil
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showForm)
	mux.HandleFunc("POST /check", s.startCheck)
	mux.HandleFunc("GET /reports/{id}", s.showReport)
	mux.HandleFunc("GET /reports/{id}/report.md", s.download("text/markdown; charset=utf-8", "mcpauth-check.md", (*check.Report).WriteMarkdown))
	mux.HandleFunc("GET /reports/{id}/report.json", s.download("application/json", "mcpauth-check.json", (*check.Report).WriteJSON))
	return mux
}

// hostsOf returns the Host headers of requests for an origin: its own, and
// localhost with the same port.
func hostsOf(origin string) ([]string, error) {
	u, err := url.Parse(origin)
	if err != nil || origin != "http://"+u.Host || u.Port() == "" || !fetch.IsLoopbackHost(u.Hostname()) {
		return nil, fmt.Errorf("checkweb: %q is not the origin of a page on loopback", origin)
	}
	hosts := []string{u.Host, net.JoinHostPort("localhost", u.Port())}
	if u.Port() == "80" {
		hosts = append(hosts, strings.TrimSuffix(u.Host, ":80"), "localhost") // browsers leave it out
	}
	return hosts, nil
}

// render writes a page as a whole.
func (s *server) render(w http.ResponseWriter, page *webpage.Inline, status int, name string, view any) {
	var out bytes.Buffer
	if err := s.templates.ExecuteTemplate(&out, name, view); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	page.SetHeaders(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the browser is gone if this fails
}
