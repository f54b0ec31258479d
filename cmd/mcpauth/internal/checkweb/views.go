package checkweb

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/internal/webpage"
	"github.com/mcp-auth/go/metadata"
)

// view is what every page has.
type view struct {
	*webpage.Inline
	Title string
}

func (s *server) view(title string) view { return view{s.plain, title} }

// formView is a page with the form.
type formView struct {
	view
	Target  target
	Problem string
	CSRF    string
}

func (s *server) formView(t target, problem string) formView {
	title := "Check an MCP server or an authorization server"
	if problem != "" {
		title = "Problem: " + title
	}
	return formView{s.view(title), t, problem, s.csrf}
}

// beginView is the first piece of a page that is being written.
type beginView struct {
	view
	Target target
}

// reportView is a page with a report.
type reportView struct {
	formView
	Kept     *result
	Report   *check.Report
	Markdown string
}

// Bad and Warned tell the worst that was found.
func (v reportView) Bad() bool    { return !v.Report.OK() }
func (v reportView) Warned() bool { return v.Report.Count(metadata.Warning) > 0 }

// Duration is how long the check took, for people.
func (v reportView) Duration() time.Duration { return v.Kept.Took.Round(10 * time.Millisecond) }

func (s *server) showForm(w http.ResponseWriter, _ *http.Request) {
	s.answerForm(w, http.StatusOK, target{}, "")
}

func (s *server) answerForm(w http.ResponseWriter, status int, t target, problem string) {
	s.render(w, s.plain, status, "form", s.formView(t, problem))
}

func (s *server) showReport(w http.ResponseWriter, r *http.Request) {
	kept := s.reports.get(r.PathValue("id"))
	if kept == nil {
		s.answerGone(w)
		return
	}
	var markdown strings.Builder
	_ = kept.Report.WriteMarkdown(&markdown) // a strings.Builder takes everything
	v := reportView{s.formView(kept.Target, ""), kept, kept.Report, markdown.String()}
	v.Inline, v.Title = s.scripted, kept.Report.Summary()+" - "+kept.Report.Title()
	s.render(w, s.scripted, http.StatusOK, "report", v)
}

func (s *server) answerGone(w http.ResponseWriter) {
	s.answerForm(w, http.StatusNotFound, target{}, "There is no such report any more. The latest ones are kept as long as the command runs.")
}

// download returns the handler of a report as a file.
func (s *server) download(mediaType, name string, write func(*check.Report, io.Writer) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		kept := s.reports.get(r.PathValue("id"))
		if kept == nil {
			s.answerGone(w)
			return
		}
		var file bytes.Buffer
		if err := write(kept.Report, &file); err != nil {
			http.Error(w, "The report could not be written.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		_, _ = file.WriteTo(w) // the browser is gone if this fails
	}
}

// isLink reports whether a source is a page that can be linked to.
func isLink(source string) bool {
	return strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "http://")
}

// groupView is the findings of one severity, with what the page writes of it.
type groupView struct {
	check.Group
	Class, Mark, Word string
	Part              bool
}

// details makes of a report what the page shows of it. part says that it is a
// part of another one.
func details(r *check.Report, part bool) []groupView {
	var views []groupView
	for _, g := range r.Groups() {
		v := groupView{Group: g, Part: part, Class: string(g.Severity)}
		switch g.Severity {
		case metadata.Error:
			v.Mark, v.Word = "✗", "Error"
		case metadata.Warning:
			v.Mark, v.Word = "!", "Warning"
		case check.Info:
			v.Mark, v.Word = "i", "Note"
		case metadata.Success:
			v.Mark, v.Word = "✓", "In order"
		}
		views = append(views, v)
	}
	return views
}
