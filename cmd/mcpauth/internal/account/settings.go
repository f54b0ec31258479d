package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/input"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/network"
	"github.com/urfave/cli/v3"
)

// settings are what a login was done with: later commands need the same, and
// find it in the store.
type settings struct {
	ClientID     string                 `json:"client_id,omitempty"`
	ClientSecret string                 `json:"client_secret,omitempty"`
	Issuer       string                 `json:"issuer,omitempty"`
	MetadataURL  string                 `json:"client_metadata_url,omitempty"`
	RedirectURI  string                 `json:"redirect_uri,omitempty"`
	Scopes       []string               `json:"scopes,omitempty"`
	Networks     []netip.Prefix         `json:"allow_networks,omitempty"`
	PlainHosts   fetch.PlainHosts       `json:"allow_http,omitempty"`
	DPoP         client.DPoPMode        `json:"dpop,omitempty"`
	Legacy       client.LegacyDiscovery `json:"legacy_discovery,omitempty"`
	Deviations   deviations             `json:"deviations,omitzero"`
}

// settingsKeys are the names of the record for a server, the more exact one
// first: tokens serve a server whatever the query in its URL, so the settings do
// as well.
func settingsKeys(server string) []string {
	withoutQuery, query, _ := strings.Cut(server, "?")
	if query == "" {
		return []string{"settings " + withoutQuery}
	}
	return []string{"settings " + server, "settings " + withoutQuery}
}

// settingsFlags are the flags that readSettings reads.
func settingsFlags() []string {
	return append([]string{
		"client-id", "client-secret-file", "issuer", "client-metadata-url", "redirect-uri", "scope", "allow-network", "dpop", "legacy-discovery",
	}, deviationFlags()...)
}

// readSettings reads the flags. It reports whether one of them was given.
func readSettings(cmd *cli.Command) (_ settings, given bool, err error) {
	if !slices.ContainsFunc(settingsFlags(), cmd.IsSet) {
		return settings{}, false, nil
	}
	chosen, err := settingsOf(cmd)
	return chosen, true, err
}

func settingsOf(cmd *cli.Command) (settings, error) {
	modes := map[string]client.DPoPMode{"auto": client.DPoPAuto, "required": client.DPoPRequired, "off": client.DPoPOff}
	mode, known := modes[cmd.String("dpop")]
	if !known {
		return settings{}, command.Usage(cmd, errors.New("--dpop must be auto, required or off"))
	}
	legacies := map[string]client.LegacyDiscovery{
		"metadata": client.LegacyMetadata, "endpoints": client.DangerouslyAssumeEndpoints, "off": client.LegacyOff,
	}
	legacy, known := legacies[cmd.String("legacy-discovery")]
	if !known {
		return settings{}, command.Usage(cmd, errors.New("--legacy-discovery must be metadata, endpoints or off"))
	}
	chosen := settings{
		ClientID: cmd.String("client-id"), Issuer: cmd.String("issuer"), MetadataURL: cmd.String("client-metadata-url"),
		RedirectURI: cmd.String("redirect-uri"), Scopes: strings.Fields(strings.Join(cmd.StringSlice("scope"), " ")), DPoP: mode, Legacy: legacy,
	}
	var err error
	if chosen.Networks, err = command.Networks(cmd); err != nil {
		return settings{}, err
	}
	if chosen.Deviations, err = readDeviations(cmd); err != nil {
		return settings{}, err
	}
	file := cmd.String("client-secret-file")
	if chosen.ClientID == "" && (file != "" || chosen.Issuer != "" && chosen.Deviations.none()) {
		return settings{}, command.Usage(cmd, errors.New("--client-secret-file and --issuer need --client-id"))
	}
	if file == "" {
		return chosen, nil
	}
	secret, err := input.SecretFile(file)
	if err != nil {
		return settings{}, command.Usage(cmd, fmt.Errorf("--client-secret-file: %w", err))
	}
	chosen.ClientSecret = string(secret)
	return chosen, nil
}

// loadSettings returns no settings if none are kept.
func loadSettings(ctx context.Context, store client.Store, server string) (settings, error) {
	var found settings
	for _, key := range settingsKeys(server) {
		var kept bool
		err := store.Update(ctx, key, func(record []byte) ([]byte, error) {
			if kept = record != nil; kept && json.Unmarshal(record, &found) != nil {
				return nil, errors.New("the settings of the login cannot be read: log in again")
			}
			return record, nil
		})
		if kept || err != nil {
			return found, err
		}
	}
	return found, nil
}

func (c settings) save(ctx context.Context, store client.Store, server string) error {
	record, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return putSettings(ctx, store, server, record)
}

func forgetSettings(ctx context.Context, store client.Store, server string) error {
	return putSettings(ctx, store, server, nil)
}

func putSettings(ctx context.Context, store client.Store, server string, record []byte) error {
	var failures []error
	for _, key := range settingsKeys(server) {
		failures = append(failures, store.Update(ctx, key, func([]byte) ([]byte, error) { return record, nil }))
	}
	return errors.Join(failures...)
}

func (c settings) config(server string) client.Config {
	config := client.Config{
		ServerURL:           server,
		MetadataDocumentURL: c.MetadataURL,
		Registration:        client.Registration{ClientName: clientName, ClientURI: "https://github.com/mcp-auth/go"},
		Scopes:              c.Scopes,
		DPoP:                c.DPoP,
		LegacyDiscovery:     c.Legacy,
		Network:             network.Settings{AllowedNetworks: c.Networks, DangerouslyAllowHTTP: c.PlainHosts, Proxy: network.EnvironmentProxy},
	}
	if c.ClientID != "" {
		config.Credentials = []client.Credentials{{Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: c.ClientSecret}}
	}
	return config
}
