package secret

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/store"
)

// Covers AS10.
func TestSecretsOutliveARestart(t *testing.T) {
	t.Parallel()
	now, memory := time.Now(), store.NewMemory()
	first, keys, err := Load(memory, "ES256", time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	second, again, err := Load(memory, "ES256", time.Minute, now)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Handles, second.Handles) || !bytes.Equal(first.Forms, second.Forms) ||
		!bytes.Equal(first.Opaque, second.Opaque) || !bytes.Equal(first.Nonces, second.Nonces) {
		t.Error("the secrets differ")
	}
	current := again.Current(now).ID()
	if current != keys.Current(now).ID() {
		t.Error("the key in use differs")
	}
	// Tokens of the time before may be valid for an hour.
	if err := again.Rotate(); err != nil {
		t.Fatal(err)
	}
	published := false
	for _, k := range again.Published(now.Add(time.Hour)) {
		published = published || k.KeyID == current
	}
	if !published {
		t.Error("a key is withdrawn before the last token that it signed has expired")
	}
}

func TestSecretsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, stored := range []string{"garbage", `{}`, `{"keys":{"current":{"kty":"oct","k":"AAAA","alg":"HS256"}}}`} {
		memory := store.NewMemory()
		if err := memory.SaveSecrets(t.Context(), []byte(stored)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(memory, "ES256", time.Hour, time.Now()); err == nil || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: %v", stored, err)
		}
	}
}
