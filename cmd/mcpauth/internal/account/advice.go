package account

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/filestore"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/providerrules"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/metadata"
)

// explain adds to an error what the user can do about it.
func explain(err error, server string) error {
	if err == nil {
		return nil
	}
	if _, wrongCall := errors.AsType[*command.UsageError](err); wrongCall {
		return err
	}
	if _, ok := errors.AsType[*clienterr.LoginRequiredError](err); ok {
		return fmt.Errorf("you are not logged in. Run: mcpauth login %s", quoted(server))
	}
	if needed, ok := errors.AsType[*clienterr.RegistrationError](err); ok && needed.Kind == clienterr.RegistrationNeeded {
		return errors.New(registrationNeeded(needed.Issuer, server))
	}
	for _, advise := range []func(error, string) string{registrationAdvice, resourceAdvice, providerAdvice, storeAdvice} {
		if advice := advise(err, server); advice != "" {
			return fmt.Errorf("%w\n%s", err, advice)
		}
	}
	return err
}

func registrationNeeded(issuer, server string) string {
	return fmt.Sprintf("%s registers no clients by itself: it supports neither dynamic registration nor, with a URL this command was given, client ID metadata documents.\n"+
		"Register a client there by hand: a native, public one with the redirect URI %s.\n"+
		"Then run: mcpauth login %s --client-id ID\n"+
		"If the provider gave you a secret, add --client-secret-file FILE; if it wants a fixed port, --redirect-uri http://127.0.0.1:PORT/callback",
		issuer, "http://127.0.0.1/callback", quoted(server))
}

func registrationAdvice(err error, _ string) string {
	registration, ok := errors.AsType[*clienterr.RegistrationError](err)
	switch {
	case !ok:
		return ""
	case registration.Kind == clienterr.OtherIssuer:
		return "If you trust the change, register a client at the new authorization server and log in with its --client-id"
	}
	return "You can register a client by hand and log in with --client-id ID"
}

func resourceAdvice(err error, server string) string {
	resource, ok := errors.AsType[*clienterr.ResourceError](err)
	switch {
	case !ok:
		return ""
	case resource.Kind == clienterr.ResourceNotFound:
		return "The server does not say where to get tokens (RFC 9728): it may need none, or the URL may not be the URL of its MCP endpoint.\n" +
			"If it is of MCP 2025-03-26 and says nothing about its authorization server: mcpauth login " + quoted(server) + " --legacy-discovery endpoints"
	case resource.Kind == clienterr.ResourceMismatch:
		return "Nothing was sent to an authorization server. Use the server's URL exactly as its metadata has it, if you trust that"
	}
	return ""
}

// providerAdvice is for authorization servers that do not conform.
func providerAdvice(err error, server string) string {
	login := "mcpauth login " + quoted(server)
	unsuitable, ok := errors.AsType[*clienterr.UnsuitableError](err)
	switch {
	case ok && command.PlainHost(unsuitable.Issuer) != "":
		return "It is plain http. For development inside a network of your own: " + login + " --allow-http " + command.PlainHost(unsuitable.Issuer)
	case ok && unsuitable.PKCENotAdvertised:
		return pkceAdvice(unsuitable.Issuer, server, login)
	case ok:
		return "The provider does not support what MCP demands; only its operator can change that"
	}
	if mismatch, ok := errors.AsType[*metadata.IssuerMismatchError](err); ok && metadata.CheckIssuer(mismatch.Got) == nil {
		return "This may be an attack. Only if the provider itself says that both are its issuers: " + login + " --own-issuer " + quoted(mismatch.Got)
	}
	if refusesResource(err) {
		return "The provider refuses the parameter resource. The scopes can decide instead what the token is for: " + login + " --omit-resource"
	}
	return ""
}

func pkceAdvice(issuer, server, login string) string {
	advice := "If you know that it checks PKCE all the same: " + login + " --assume-pkce\n" +
		"PKCE is sent as always, but nothing shows that it is checked. If it is not, an authorization code is worth a token to anyone who gets hold of it"
	if rules, err := providerrules.For(issuer, server); err == nil && rules != nil && rules.PKCE != "" {
		advice += ".\nWhat is known of " + rules.Title + ": " + rules.PKCE
	}
	return advice
}

// refusesResource reports whether a provider refused the parameter resource (RFC
// 8707 §2), or said so in the words of Entra ID.
func refusesResource(err error) bool {
	const ofEntra = "AADSTS9010010"
	if refused, ok := errors.AsType[*clienterr.AuthorizationError](err); ok {
		return refused.Code == "invalid_target" || strings.Contains(refused.Description, ofEntra)
	}
	refused, ok := errors.AsType[*clienterr.TokenError](err)
	return ok && (refused.Code == "invalid_target" || strings.Contains(refused.Description, ofEntra))
}

func storeAdvice(err error, _ string) string {
	if key, ok := errors.AsType[*filestore.KeyError](err); ok {
		return keyAdvice(key)
	}
	return ""
}

// quoted returns a word as a POSIX shell takes it: the query of a URL has
// characters that a shell would read.
func quoted(word string) string {
	if !strings.ContainsAny(word, "?&*;<>|$`\\\"'()[]{}!#~ ") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// byFlag names the flag of each mistake, in place of the field of package client.
func byFlag(err error) error {
	var all []error
	for _, fault := range configerr.All(err) {
		all = append(all, fmt.Errorf("%s: %s", flagOf(fault.Field), fault.Text()))
	}
	if len(all) == 0 {
		return err
	}
	return errors.Join(all...)
}

func flagOf(field string) string {
	flags := []struct{ part, flag string }{
		{"ServerURL", "the server's URL"},
		{"RedirectURI", "--redirect-uri"},
		{"Timeout", "--timeout"},
		{"MetadataDocumentURL", "--client-metadata-url"},
		{"AuthorizationParameters", "--auth-param"},
		{"TokenParameters", "--token-param"},
		{"OwnIssuer", "--own-issuer"},
		{"Issuer", "--issuer"},
		{"ClientID", "--client-id"},
		{"ClientSecret", "--client-secret-file"},
		{"Scopes", "--scope"},
	}
	for _, f := range flags {
		if strings.Contains(field, f.part) {
			return f.flag
		}
	}
	return field
}
