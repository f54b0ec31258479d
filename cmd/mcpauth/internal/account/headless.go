package account

import (
	"bufio"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

const (
	maxCallbackLine = 16 << 10
	maxPastes       = 10
)

// askForCallback has the user log in with a browser elsewhere and paste where
// it was sent back to. After a paste that is not that, it asks again.
func askForCallback(in io.Reader, out io.Writer) func(context.Context, string) (string, error) {
	lines := lineReader{bufio.NewReaderSize(in, maxCallbackLine)}
	return func(ctx context.Context, authorizationURL string) (string, error) {
		expected := expectedCallback(authorizationURL)
		_, err := fmt.Fprintf(out, "To log in, open this page in any browser:\n\n  %s\n\n"+
			"At the end the browser goes to an address that begins with %s?\n"+
			"and shows that it cannot connect. That is expected, because this command runs on another machine.\n"+
			"Copy that address from the browser's address bar, whole, and paste it here:\n", authorizationURL, expected.uri)
		if err != nil {
			return "", err
		}
		for range maxPastes {
			pasted, err := lines.next(ctx)
			if err != nil {
				return "", err
			}
			callback, wrong := expected.check(pasted)
			if wrong == "" {
				return callback, nil
			}
			if _, err := fmt.Fprintf(out, "That is not it: %s. Paste the address again:\n", wrong); err != nil {
				return "", err
			}
		}
		return "", fmt.Errorf("the address was not among %d lines", maxPastes)
	}
}

// expected is the answer that a login waits for.
type expected struct{ uri, state string }

func expectedCallback(authorizationURL string) expected {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return expected{}
	}
	query := u.Query()
	return expected{query.Get("redirect_uri"), query.Get("state")}
}

// check returns the address, or what is wrong with what was pasted. Package client
// then judges it; this finds slips of the hand.
func (e expected) check(pasted string) (callback, wrong string) {
	pasted = strings.Trim(pasted, "\"'<> \t")
	switch {
	case pasted == "":
		return "", "the line is empty"
	case !strings.HasPrefix(pasted, e.uri+"?"):
		return "", "it does not begin with " + e.uri + "?"
	}
	u, err := url.Parse(pasted)
	if err != nil {
		return "", "it is not a URL"
	}
	query := u.Query()
	state := query.Get("state")
	switch {
	case !query.Has("code") && !query.Has("error"):
		return "", "the end is missing: it holds neither a code nor an error"
	case query.Has("error") && state == "":
		return pasted, "" // a server that refuses without saying which login
	case subtle.ConstantTimeCompare([]byte(state), []byte(e.state)) != 1:
		return "", "it belongs to another login, or is cut off"
	}
	return pasted, ""
}

// lineReader reads lines, and can be given up.
type lineReader struct{ in *bufio.Reader }

// next returns the next line without spaces around it.
func (r lineReader) next(ctx context.Context) (string, error) {
	type line struct {
		text string
		err  error
	}
	lines := make(chan line, 1)
	// A read from a terminal cannot be interrupted; the process ends soon after
	// ctx does.
	go func() {
		text, err := r.in.ReadSlice('\n')
		lines <- line{strings.TrimSpace(string(text)), err}
	}()
	select {
	case got := <-lines:
		switch {
		case got.err == nil, errors.Is(got.err, io.EOF) && got.text != "":
			return got.text, nil
		case errors.Is(got.err, io.EOF):
			return "", errors.New("standard input ended without the address")
		case errors.Is(got.err, bufio.ErrBufferFull):
			return "", errors.New("the line is too long for an address")
		}
		return "", got.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
