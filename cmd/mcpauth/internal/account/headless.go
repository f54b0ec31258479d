package account

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

const maxCallbackLine = 16 << 10

// askForCallback has the user log in with a browser elsewhere and paste where
// it was sent back to.
func askForCallback(in io.Reader, out io.Writer) func(context.Context, string) (string, error) {
	return func(ctx context.Context, authorizationURL string) (string, error) {
		_, err := fmt.Fprintf(out, "To log in, open this page in any browser:\n\n  %s\n\n"+
			"Afterwards the browser is sent to a page that it cannot open. Paste the address of that page here:\n", authorizationURL)
		if err != nil {
			return "", err
		}
		type line struct {
			text string
			err  error
		}
		lines := make(chan line, 1)
		// A read from a terminal cannot be interrupted; the process ends soon
		// after ctx does.
		go func() {
			text, err := bufio.NewReader(io.LimitReader(in, maxCallbackLine)).ReadString('\n')
			if errors.Is(err, io.EOF) && text != "" {
				err = nil
			}
			lines <- line{strings.TrimSpace(text), err}
		}()
		select {
		case got := <-lines:
			if errors.Is(got.err, io.EOF) {
				return "", errors.New("standard input ended without the address")
			}
			return got.text, got.err
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}
