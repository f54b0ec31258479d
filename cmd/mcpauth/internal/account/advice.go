package account

import (
	"errors"
	"fmt"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/filestore"
)

// explain adds to an error what the user can do about it.
func explain(err error, server string) error {
	var (
		registration *clienterr.RegistrationError
		login        *clienterr.LoginRequiredError
		resource     *clienterr.ResourceError
		key          *filestore.KeyError
		unsuitable   *clienterr.UnsuitableError
	)
	advice := ""
	switch {
	case err == nil:
		return nil
	case errors.As(err, &login):
		return fmt.Errorf("you are not logged in. Run: mcpauth login %s", server)
	case errors.As(err, &registration) && registration.Kind == clienterr.RegistrationNeeded:
		return fmt.Errorf("%s registers no clients by itself: it supports neither dynamic registration nor, with a URL this command was given, client ID metadata documents.\n"+
			"Register a client there by hand: a native, public one with the redirect URI %s.\n"+
			"Then run: mcpauth login %s --client-id ID\n"+
			"If the provider gave you a secret, add --client-secret-file FILE; if it wants a fixed port, --redirect-uri http://127.0.0.1:PORT/callback",
			registration.Issuer, "http://127.0.0.1/callback", server)
	case errors.As(err, &registration) && registration.Kind == clienterr.OtherIssuer:
		advice = "If you trust the change, register a client at the new authorization server and log in with its --client-id"
	case errors.As(err, &registration):
		advice = "You can register a client by hand and log in with --client-id ID"
	case errors.As(err, &resource) && resource.Kind == clienterr.ResourceNotFound:
		advice = "The server does not say where to get tokens (RFC 9728): it may need none, or the URL may not be that of its MCP endpoint.\n" +
			"If it is of MCP 2025-03-26 and says nothing about its authorization server: mcpauth login " + server + " --legacy-discovery endpoints"
	case errors.As(err, &resource) && resource.Kind == clienterr.ResourceMismatch:
		advice = "Nothing was sent to an authorization server. Use the server's URL exactly as its metadata has it, if you trust that"
	case errors.As(err, &key):
		advice = "Set " + passphraseVariable + " or --passphrase-file to keep tokens in files encrypted with a passphrase"
	case errors.As(err, &unsuitable):
		advice = "The provider does not support what MCP demands; only its operator can change that"
	}
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w\n%s", err, advice)
}
