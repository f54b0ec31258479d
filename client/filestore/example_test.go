package filestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/filestore"
)

// Tokens that outlive the program, encrypted under a key in the operating
// system's keyring, or under a passphrase if there is no keyring.
func ExampleOpen() {
	dir, err := os.UserConfigDir()
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := filestore.Open(filestore.Config{
		Dir: filepath.Join(dir, "notes", "tokens"),
		Passphrase: func(context.Context) ([]byte, error) {
			return []byte(os.Getenv("NOTES_PASSPHRASE")), nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.New(client.Config{ServerURL: "https://mcp.example.com/mcp", Store: store})
	fmt.Println(err)
	// Output: <nil>
}
