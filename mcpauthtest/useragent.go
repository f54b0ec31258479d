package mcpauthtest

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

const (
	maxPageBytes     = 1 << 20
	maxUserSteps     = 5
	userAgentTimeout = 30 * time.Second
)

// UserAgent acts as a user with a browser: it opens the authorization URL of a
// client, logs in, consents, and stops where the browser would go back to the
// client.
type UserAgent struct {
	// Username and Password are typed into the login page.
	Username, Password string
	// Deny makes the user refuse.
	Deny bool
	// Transport carries the requests. Nil means [http.DefaultTransport].
	Transport http.RoundTripper
}

// LoginError is the error of a login that ended on an error page instead of at
// the client.
type LoginError struct {
	// Status is the status of the last page.
	Status int
	// Message is the error that the page shows.
	Message string
}

// Error returns the status and the message.
func (e *LoginError) Error() string {
	return fmt.Sprintf("mcpauthtest: the authorization server did not redirect (status %d): %s", e.Status, e.Message)
}

// Login opens the authorization URL and returns the URL at the client that the
// browser is sent to, with a code or an error (RFC 6749 §4.1.2). It does not
// request that URL. The error is a [*LoginError] if the server shows an error
// page, for instance because the redirect URI is not registered or the password
// is wrong.
func (u *UserAgent) Login(ctx context.Context, authorizationURL string) (*url.URL, error) {
	start, err := url.Parse(authorizationURL)
	if err != nil {
		return nil, errors.New("mcpauthtest: the authorization URL is malformed")
	}
	browser, err := u.open()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, authorizationURL, nil)
	if err != nil {
		return nil, errors.New("mcpauthtest: the authorization URL is malformed")
	}
	for range maxUserSteps {
		page, err := visit(browser, request)
		if err != nil {
			return nil, err
		}
		if page.location != nil && !sameOrigin(page.location, start) || page.isCallback(start) {
			return page.location, nil
		}
		if request, err = u.next(ctx, page); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("mcpauthtest: the authorization server keeps redirecting to itself")
}

// open starts a browser with no cookies, which stops at redirects.
func (u *UserAgent) open() (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: %w", err)
	}
	return &http.Client{
		Transport:     u.Transport,
		Jar:           jar,
		Timeout:       userAgentTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// visited is the page that the browser is at.
type visited struct {
	url      *url.URL
	status   int
	location *url.URL // of a redirect
	form     *form
	message  string // of an alert
}

// isCallback reports whether the page redirects to the client of the
// authorization URL, which can be at the same origin as the server.
func (p *visited) isCallback(authorizationURL *url.URL) bool {
	target, err := url.Parse(authorizationURL.Query().Get("redirect_uri"))
	return err == nil && p.location != nil && target.Host != "" &&
		sameOrigin(p.location, target) && p.location.Path == target.Path
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

func visit(browser *http.Client, request *http.Request) (*visited, error) {
	response, err := browser.Do(request)
	if err != nil {
		return nil, withoutURL("opening the authorization page", err)
	}
	defer response.Body.Close()
	p := &visited{url: request.URL, status: response.StatusCode}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		if p.location, err = response.Location(); err != nil {
			return nil, errors.New("mcpauthtest: the authorization server redirects nowhere")
		}
		return p, nil
	}
	p.form, p.message, err = readPage(io.LimitReader(response.Body, maxPageBytes))
	return p, err
}

// withoutURL drops the URL of an HTTP client's error: it may hold a code.
func withoutURL(doing string, err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return fmt.Errorf("mcpauthtest: %s: %w", doing, err)
}

// next returns the request that the user sends from a page: they follow a
// redirect, or fill in the form.
func (u *UserAgent) next(ctx context.Context, p *visited) (*http.Request, error) {
	if p.location != nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, p.location.String(), nil)
	}
	if p.form == nil || p.message != "" {
		return nil, &LoginError{Status: p.status, Message: p.message}
	}
	target, err := p.url.Parse(p.form.action)
	if err != nil {
		return nil, errors.New("mcpauthtest: the form leads nowhere")
	}
	values := p.form.hidden
	values.Set("username", u.Username)
	values.Set("password", u.Password)
	values.Set("decision", "approve")
	if u.Deny {
		values.Set("decision", "deny")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(values.Encode()))
	if err != nil {
		return nil, errors.New("mcpauthtest: the form leads nowhere")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request, nil
}

// form is the form of a page.
type form struct {
	action string
	hidden url.Values
}

// readPage finds the form and the alert of a page. The pages of this package
// are well-formed XML, except for entities.
func readPage(r io.Reader) (*form, string, error) {
	decoder := xml.NewDecoder(r)
	decoder.Strict = false
	decoder.AutoClose = xml.HTMLAutoClose
	decoder.Entity = xml.HTMLEntity
	var found *form
	message := ""
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return found, message, nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("mcpauthtest: reading the page: %w", err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch {
		case element.Name.Local == "form" && found == nil:
			found = &form{action: attribute(element, "action"), hidden: url.Values{}}
		case element.Name.Local == "input" && found != nil && attribute(element, "type") == "hidden":
			found.hidden.Set(attribute(element, "name"), attribute(element, "value"))
		case attribute(element, "role") == "alert":
			message = alertText(decoder)
		}
	}
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// alertText reads the text of the element that was just opened.
func alertText(decoder *xml.Decoder) string {
	token, err := decoder.Token()
	if text, ok := token.(xml.CharData); ok && err == nil {
		return string(text)
	}
	return ""
}
