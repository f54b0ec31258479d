package account

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/filestore"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/input"
	"github.com/urfave/cli/v3"
)

const (
	passphraseVariable = "MCPAUTH_PASSPHRASE"

	placeFile   = "file"
	placeMemory = "memory"
)

// openStore opens the token store that the flags name.
func openStore(cmd *cli.Command) (client.Store, error) {
	switch cmd.String("store") {
	case placeMemory:
		return client.NewMemoryStore(), nil
	case placeFile, "": // empty without the flag
		store, _, err := openFileStore(cmd)
		return store, err
	}
	return nil, command.Usage(cmd, errors.New("--store must be file or memory; the directory is --store-dir"))
}

// openFileStore returns the store and its directory.
func openFileStore(cmd *cli.Command) (*filestore.Store, string, error) {
	dir := cmd.String("store-dir")
	if dir == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return nil, "", fmt.Errorf("there is no place for the token store: %w; name one with --store-dir", err)
		}
		dir = filepath.Join(config, "mcpauth", "tokens")
	}
	kinds := map[string]filestore.KeyKind{
		"auto": filestore.AutoKey, "keyring": filestore.KeyringKey, "passphrase": filestore.PassphraseKey,
	}
	kind, known := kinds[cmd.String("store-key")]
	if !known {
		return nil, "", command.Usage(cmd, errors.New("--store-key must be keyring, passphrase or auto"))
	}
	store, err := filestore.Open(filestore.Config{
		Dir: dir, Key: kind, KeyringService: clientName,
		Passphrase: func(context.Context) ([]byte, error) { return passphrase(cmd) },
	})
	return store, dir, err
}

// passphrase is empty if there is none.
func passphrase(cmd *cli.Command) ([]byte, error) {
	file := cmd.String("passphrase-file")
	if file == "" {
		return []byte(os.Getenv(passphraseVariable)), nil
	}
	secret, err := input.SecretFile(file)
	if err != nil {
		return nil, command.Usage(cmd, fmt.Errorf("--passphrase-file: %w", err))
	}
	return secret, nil
}

// keyless reports whether a store could not be made, because there is neither a
// keyring nor a passphrase.
func keyless(err error) bool {
	key, ok := errors.AsType[*filestore.KeyError](err)
	return ok && key.Kind == filestore.AutoKey
}

// keyAdvice says how to get at the tokens, or on without them.
func keyAdvice(key *filestore.KeyError) string {
	const lost = "If it is lost: \"mcpauth logout\" deletes all that is kept, and the next login begins a new store"
	switch key.Kind {
	case filestore.PassphraseKey:
		return "Set " + passphraseVariable + " or --passphrase-file to the passphrase of the store; a new store takes one of 8 bytes or more.\n" + lost
	case filestore.KeyringKey:
		return "The key of the store is in the system's keyring: unlock that, or use another --store-dir with a passphrase.\n" +
			"The commands tools and call also work with --store memory, for that command only.\n" + lost
	}
	return "There are three ways:\n" +
		"- Set " + passphraseVariable + " or --passphrase-file to keep tokens in files encrypted with a passphrase, of 8 bytes or more.\n" +
		"- Start and unlock a keyring, such as GNOME Keyring or KWallet (Secret Service).\n" +
		"- Use the commands tools and call with --store memory: a login is then for that command only"
}
