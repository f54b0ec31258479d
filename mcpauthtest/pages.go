package mcpauthtest

import (
	"embed"
	"io/fs"

	"github.com/mcp-auth/go/internal/authserver/page"
)

//go:embed templates
var templateFiles embed.FS

// newPages returns the pages of an authorization server with what a login by
// password and the status page add.
func newPages(c *parsed, formKey []byte) (*page.Pages, error) {
	templates, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		return nil, err
	}
	return page.New(page.Config{
		Issuer: c.Issuer, FormKey: formKey, Cookie: cookie, Templates: templates, Log: c.Logger,
	})
}

// shownUser is a user on a page.
type shownUser struct{ Username, Password string }

// listedUsers returns the users for a list, with their passwords only if these
// may be shown.
func (c *parsed) listedUsers() []shownUser {
	var listed []shownUser
	for _, u := range c.Users {
		shown := shownUser{Username: u.Username}
		if c.ShowUsers {
			shown.Password = u.Password
		}
		listed = append(listed, shown)
	}
	return listed
}

// shownUsers returns the users for the login page, or nil.
func (c *parsed) shownUsers() any {
	if !c.ShowUsers {
		return nil
	}
	return c.listedUsers()
}

// cookie is the name of the cookie that protects forms.
const cookie = "mcpauthtest"
