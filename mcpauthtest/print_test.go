package mcpauthtest

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestPrintingShowsNoSecrets(t *testing.T) {
	t.Parallel()
	var config Config
	s := start(t, func(c *Config) { config = *c })
	secrets := []string{"wonderland", "builder", "robot secret"}
	for _, value := range []any{
		s, *s.UserAgent(), s.UserAgent(), config, &config, struct{ S *Server }{s}, []*Server{s}, map[string]*Server{"s": s},
	} {
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "value", value)
		printed := []string{logged.String()}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			printed = append(printed, fmt.Sprintf(verb, value))
		}
		for _, text := range printed {
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%T prints %q", value, text)
				}
			}
		}
	}
	if got := fmt.Sprint(s); got != "{Issuer:"+testIssuer+"}" {
		t.Errorf("printed %q", got)
	}
	if got := fmt.Sprint((*Server)(nil)); got != "<nil>" {
		t.Errorf("nil prints %q", got)
	}
}

// TestPrintingTheFields prints what is behind the pointer, where no method helps.
func TestPrintingTheFields(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	type fields Server
	printed := fmt.Sprintf("%+v", (*fields)(s))
	for _, secret := range []string{"wonderland", "builder", "robot secret"} {
		if strings.Contains(printed, secret) {
			t.Errorf("printed %q", printed)
		}
	}
}
