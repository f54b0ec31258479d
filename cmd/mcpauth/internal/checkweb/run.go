package checkweb

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

const (
	maxForm     = 32 << 10 // bytes; a token may be long
	formTimeout = 10 * time.Second
	// writeTimeout is how long a browser may take nothing.
	writeTimeout = 10 * time.Second
)

// startCheck checks what the form asks for, and shows the requests as they are
// made. The check ends when the browser goes away.
func (s *server) startCheck(w http.ResponseWriter, r *http.Request) {
	if status, problem := readForm(w, r); problem != "" {
		s.answerForm(w, status, target{}, problem)
		return
	}
	if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("csrf")), []byte(s.csrf)) != 1 {
		s.answerForm(w, http.StatusForbidden, target{}, "The form was not of this page, or from before the command was started. Please enter the URL again.")
		return
	}
	t, problem := readTarget(r.PostForm)
	if problem != "" {
		s.answerForm(w, http.StatusBadRequest, t, problem)
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		w.Header().Set("Retry-After", "10")
		s.answerForm(w, http.StatusServiceUnavailable, t, fmt.Sprintf("%d checks are being made already. Please wait until one has ended.", maxChecks))
		return
	}
	s.runCheck(w, r, t)
}

// readForm reads the body into r.PostForm.
func readForm(w http.ResponseWriter, r *http.Request) (status int, problem string) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/x-www-form-urlencoded" {
		return http.StatusUnsupportedMediaType, "This is not what the form sends."
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(formTimeout)); err != nil {
		return http.StatusInternalServerError, "The form could not be read."
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, "This is too long."
	case err != nil:
		return http.StatusBadRequest, "The form could not be read."
	}
	// From here on, reading waits for the browser to go away.
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		return http.StatusInternalServerError, "The form could not be read."
	}
	return 0, ""
}

var errTimeUp = errors.New("the check took too long")

// runCheck writes the page in pieces.
func (s *server) runCheck(w http.ResponseWriter, r *http.Request, t target) {
	ctx, cancel := context.WithTimeoutCause(r.Context(), s.config.Timeout, errTimeUp)
	defer cancel()
	page := &progress{server: s, w: w, control: http.NewResponseController(w), gone: cancel}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	page.write("begin", beginView{s.view("Checking " + t.URL), t})
	opts := s.config.Options
	opts.OnExchange = func(e check.Exchange) { page.write("step", e) }
	start := time.Now()
	report, err := t.check(ctx, opts)
	timeUp := errors.Is(context.Cause(ctx), errTimeUp)
	if err != nil && !timeUp || report == nil {
		page.write("failed", s.formView(t, s.failure(err, timeUp)))
		return
	}
	done := &result{Target: t, Report: report, Ended: time.Now(), Took: time.Since(start), Cut: err != nil}
	done.Target.Kind = report.Kind
	s.reports.add(done)
	page.write("done", done)
}

// failure says why there is no report.
func (s *server) failure(err error, timeUp bool) string {
	var badIssuer *metadata.URLError
	var badURL *fetch.Error
	switch {
	case timeUp:
		return fmt.Sprintf("The check was ended after %s.", s.config.Timeout)
	case errors.As(err, &badIssuer):
		return "This cannot be checked as an authorization server. Its " + strings.TrimPrefix(badIssuer.Error(), "metadata: ") + "."
	case errors.As(err, &badURL) && badURL.Err != nil:
		return "This cannot be checked: " + badURL.Err.Error() + "."
	case !errors.Is(err, context.Canceled):
		return "This cannot be checked: " + strings.TrimPrefix(err.Error(), "check: ") + "."
	}
	return "The check was stopped."
}

// progress is a page that is being written.
type progress struct {
	*server
	w       http.ResponseWriter
	control *http.ResponseController
	gone    context.CancelFunc // called when the browser takes no more
}

// write shows the next piece at once.
func (p *progress) write(name string, view any) {
	err := p.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		err = p.templates.ExecuteTemplate(p.w, name, view)
	}
	if err == nil {
		err = p.control.Flush()
	}
	if err != nil {
		p.gone()
	}
}
