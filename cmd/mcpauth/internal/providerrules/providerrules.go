// Package providerrules applies what package provider knows of authorization
// servers that do not conform to package client.
package providerrules

import (
	"fmt"
	"strings"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/provider"
)

// Rules are what is known of the authorization server of one MCP server.
type Rules struct {
	// Title is the provider's name for people, Name the name of its profile.
	Title, Name string
	// Settings are what package client needs, without what gives a check up.
	Settings client.AuthorizationServer
	// Deviations says what the settings do, a sentence each, with its source.
	Deviations []string
	// PKCE says that the provider checks PKCE though it does not advertise it,
	// empty if that is not known.
	PKCE string
	// Notes are what the user should know.
	Notes []string
}

// For returns the rules for the issuer that the MCP server at serverURL names, nil
// if none are known.
func For(issuer, serverURL string) (*Rules, error) {
	profile, rule, err := provider.ForClient(issuer)
	if err != nil || profile == nil {
		return nil, err
	}
	r := &Rules{Title: profile.Title, Name: profile.Name, Settings: settings(rule, issuer, serverURL)}
	for _, fact := range rule.Deviations() {
		r.Deviations = append(r.Deviations, sentence(profile, fact))
	}
	for _, fact := range rule.Notes {
		r.Notes = append(r.Notes, sentence(profile, fact))
	}
	if rule.PKCENotAdvertised != nil {
		r.PKCE = sentence(profile, *rule.PKCENotAdvertised)
	}
	return r, nil
}

func settings(rule *provider.ClientRule, issuer, serverURL string) client.AuthorizationServer {
	resource, _, _ := strings.Cut(serverURL, "?")
	s := client.AuthorizationServer{
		Issuer:                  issuer,
		OmitResource:            rule.OmitResource != nil,
		RegisterScopes:          rule.RegisterScopes != nil,
		AuthorizationParameters: parameters(rule.AuthorizationParameters, resource),
		TokenParameters:         parameters(rule.TokenParameters, resource),
	}
	if rule.OwnIssuer != nil {
		s.OwnIssuer = rule.OwnIssuer.Value
	}
	for _, scope := range rule.Scopes {
		s.Scopes = append(s.Scopes, scope.Value)
	}
	return s
}

func parameters(list []provider.ClientSetting, resource string) map[string]string {
	values := map[string]string{}
	for _, parameter := range list {
		values[parameter.Name] = strings.ReplaceAll(parameter.Value, "{resource}", resource)
	}
	return values
}

// sentence returns a fact with its newest source.
func sentence(profile *provider.ClientProfile, fact provider.Fact) string {
	text := strings.ReplaceAll(fact.Text, "`", "")
	var newest provider.Source
	for _, number := range fact.Sources {
		if number >= 1 && number <= len(profile.Sources) && profile.Sources[number-1].Date > newest.Date {
			newest = profile.Sources[number-1]
		}
	}
	if newest.URL == "" {
		return text + " (unverified)"
	}
	return fmt.Sprintf("%s (%s, %s)", text, newest.Date, newest.URL)
}
