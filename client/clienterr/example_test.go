package clienterr_test

import (
	"errors"
	"fmt"

	"github.com/mcp-auth/go/client/clienterr"
)

// The type of an error says what went wrong.
func ExampleRegistrationError() {
	err := error(&clienterr.RegistrationError{
		Issuer: "https://auth.example.com", Kind: clienterr.RegistrationNeeded, RedirectURI: "http://127.0.0.1/callback",
	})
	var registration *clienterr.RegistrationError
	if errors.As(err, &registration) && registration.Kind == clienterr.RegistrationNeeded {
		fmt.Println("register a client at", registration.Issuer)
	}
	// Output: register a client at https://auth.example.com
}
