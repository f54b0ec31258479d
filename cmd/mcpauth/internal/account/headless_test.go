package account

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

const (
	authorizationURL = "https://as.example.com/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback%2Fx&state=s1"
	goodCallback     = "http://127.0.0.1/callback/x?code=a&state=s1"
)

// The user whose browser is elsewhere pastes where it was sent to. A slip of the
// hand does not end the login.
//
// Covers CL5, CL10.
func TestAskForCallback(t *testing.T) {
	t.Parallel()
	refused := "http://127.0.0.1/callback/x?error=access_denied"
	for name, test := range map[string]struct {
		input, want string
		slips       int
	}{
		"at once":           {goodCallback + "\n", goodCallback, 0},
		"spaces":            {"  " + goodCallback + "\r\n", goodCallback, 0},
		"quotes":            {"'" + goodCallback + "'\n", goodCallback, 0},
		"no line break":     {goodCallback, goodCallback, 0},
		"error, no state":   {refused + "\n", refused, 0},
		"login page":        {authorizationURL + "\n" + goodCallback + "\n", goodCallback, 1},
		"empty, then cut":   {"\nhttp://127.0.0.1/callback/x?code=a\n" + goodCallback + "\n", goodCallback, 2},
		"an earlier login":  {"http://127.0.0.1/callback/x?code=a&state=s0\n" + goodCallback + "\n", goodCallback, 1},
		"another port":      {"http://127.0.0.1:80/callback/x?code=a&state=s1\n" + goodCallback + "\n", goodCallback, 1},
		"without the query": {"http://127.0.0.1/callback/x?\n" + goodCallback + "\n", goodCallback, 1},
		"nothing":           {"", "", 0},
		"slips only":        {strings.Repeat("x\n", maxPastes+1), "", maxPastes},
		"no end":            {strings.Repeat("x", 2*maxCallbackLine), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			got, err := askForCallback(strings.NewReader(test.input), &out)(t.Context(), authorizationURL)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("got %q, %v", got, err)
			}
			if slips := strings.Count(out.String(), "That is not it"); slips != test.slips {
				t.Errorf("asked again %d times, want %d", slips, test.slips)
			}
			for _, want := range []string{authorizationURL, "begins with http://127.0.0.1/callback/x?", "cannot connect"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the user was not told %q before: %s", want, out.String())
				}
			}
		})
	}
}

// A login that has taken too long does not wait for a paste.
func TestAskForCallbackEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	reader, writer := io.Pipe()
	defer writer.Close()
	if _, err := askForCallback(reader, io.Discard)(ctx, authorizationURL); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want a timeout", err)
	}
}
