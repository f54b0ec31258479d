package loopback

import (
	_ "embed"
	"html/template"
	"net/http"

	"github.com/mcp-auth/go/internal/webpage"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))
	pageInline   = webpage.New(pageCSS, "", "'none'")
)

// Page says how a login ended. It shows nothing of the request it answers but
// what the caller of [Failed] passes.
type Page struct {
	title, text, code, description string
	good                           bool
}

// The pages of [Receiver.Show] that are always the same, and the receiver's own.
var (
	LoggedIn = Page{
		title: "You are logged in", text: "You can close this window and return to the application.", good: true,
	}
	Denied = Page{
		title: "You are not logged in", text: "The login was denied. You can close this window and return to the application.",
	}
	pending = Page{
		title: "Almost done", text: "The application is finishing your login. You can close this window and return to it.",
	}
	unexpected = Page{title: "Nothing is expected here", text: "This address is for the end of a login only."}
)

// Failed says that a login failed: by an error code and a description, if they
// are known.
func Failed(code, description string) Page {
	return Page{
		title: "The login failed", text: "You are not logged in. The application says what to do; you can close this window and return to it.",
		code: code, description: description,
	}
}

// view is what the template shows.
type view struct {
	Style                          template.CSS
	Title, Text, Code, Description string
	Good                           bool
}

func (p Page) write(w http.ResponseWriter, status int) {
	pageInline.SetHeaders(w.Header())
	w.Header().Set("Referrer-Policy", "no-referrer") // the URL has the code
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = pageTemplate.Execute(w, view{ // a browser that is gone does not need the page
		pageInline.Style, p.title, p.text, p.code, p.description, p.good,
	})
}
