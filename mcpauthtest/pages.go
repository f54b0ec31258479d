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

// cookie is the name of the cookie that protects forms.
const cookie = "mcpauthtest"
