package account

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/input"
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
	DPoP         client.DPoPMode        `json:"dpop,omitempty"`
	Legacy       client.LegacyDiscovery `json:"legacy_discovery,omitempty"`
}

func settingsKey(server string) string { return "settings " + server }

// chooseSettings takes the flags, or where none of them was given the settings
// of the login.
func chooseSettings(ctx context.Context, cmd *cli.Command, store client.Store, server string) (settings, error) {
	for _, flag := range []string{"client-id", "client-secret-file", "issuer", "client-metadata-url", "redirect-uri", "scope", "allow-network", "dpop", "legacy-discovery"} {
		if cmd.IsSet(flag) {
			return readSettings(cmd)
		}
	}
	return loadSettings(ctx, store, server)
}

func readSettings(cmd *cli.Command) (settings, error) {
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
		RedirectURI: cmd.String("redirect-uri"), Scopes: cmd.StringSlice("scope"), DPoP: mode, Legacy: legacy,
	}
	var err error
	if chosen.Networks, err = command.Networks(cmd); err != nil {
		return settings{}, err
	}
	file := cmd.String("client-secret-file")
	if chosen.ClientID == "" && (file != "" || chosen.Issuer != "") {
		return settings{}, command.Usage(cmd, errors.New("--client-secret-file and --issuer need --client-id"))
	}
	if file == "" {
		return chosen, nil
	}
	secret, err := input.SecretFile(file)
	chosen.ClientSecret = string(secret)
	return chosen, err
}

func loadSettings(ctx context.Context, store client.Store, server string) (settings, error) {
	var found settings
	err := store.Update(ctx, settingsKey(server), func(record []byte) ([]byte, error) {
		if record != nil && json.Unmarshal(record, &found) != nil {
			return nil, errors.New("the settings of the login cannot be read: log in again")
		}
		return record, nil
	})
	return found, err
}

func (c settings) save(ctx context.Context, store client.Store, server string) error {
	record, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return store.Update(ctx, settingsKey(server), func([]byte) ([]byte, error) { return record, nil })
}

func forgetSettings(ctx context.Context, store client.Store, server string) error {
	return store.Update(ctx, settingsKey(server), func([]byte) ([]byte, error) { return nil, nil })
}

func (c settings) config(server string) client.Config {
	config := client.Config{
		ServerURL:           server,
		MetadataDocumentURL: c.MetadataURL,
		Registration:        client.Registration{ClientName: clientName, ClientURI: "https://github.com/mcp-auth/go"},
		Scopes:              c.Scopes,
		DPoP:                c.DPoP,
		LegacyDiscovery:     c.Legacy,
		Network:             network.Settings{AllowedNetworks: c.Networks},
	}
	if c.ClientID != "" {
		config.Credentials = []client.Credentials{{Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: c.ClientSecret}}
	}
	return config
}
