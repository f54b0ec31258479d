package dpop

import (
	"bytes"
	"testing"
	"time"
)

// Covers RS18.
func TestNonces(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{7}, MinNonceKeySize)
	n := NewNonces(key, "https://api.example.com/mcp")
	issued := n.Issue(now) // the first second of a window
	for name, test := range map[string]struct {
		nonces *Nonces
		nonce  string
		at     time.Duration
		leeway time.Duration
		want   bool
	}{
		"at once":                    {n, issued, 0, 0, true},
		"end of its window":          {n, issued, NonceWindow - time.Second, 0, true},
		"end of the next window":     {n, issued, 2*NonceWindow - time.Second, 0, true},
		"second window after":        {n, issued, 2 * NonceWindow, 0, false},
		"much later":                 {n, issued, 1000 * time.Hour, 0, false},
		"before its window":          {n, issued, -time.Second, 0, false},
		"clock behind by the leeway": {n, issued, -5 * time.Second, 5 * time.Second, true},
		"clock further behind":       {n, issued, -6 * time.Second, 5 * time.Second, false},
		"replica with the same key":  {NewNonces(bytes.Clone(key), "https://api.example.com/mcp"), issued, 0, 0, true},
		"another key":                {NewNonces(bytes.Repeat([]byte{8}, MinNonceKeySize), "https://api.example.com/mcp"), issued, 0, 0, false},
		"another resource":           {NewNonces(key, "https://api.example.com/other"), issued, 0, 0, false},
		"a random key":               {NewNonces(nil, "https://api.example.com/mcp"), issued, 0, 0, false},
		"nothing":                    {n, "", 0, 0, false},
		"cut":                        {n, issued[:len(issued)-1], 0, 0, false},
		"longer":                     {n, issued + "AAAA", 0, 0, false},
		"no base64url":               {n, issued[:len(issued)-1] + "+", 0, 0, false},
		"with a line break":          {n, issued[:8] + "\n" + issued[8:], 0, 0, false},
		"changed window":             {n, "B" + issued[1:], 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.nonces.Valid(test.nonce, now.Add(test.at), test.leeway); got != test.want {
				t.Errorf("valid %v, want %v", got, test.want)
			}
		})
	}
}

// Covers RS18.
func TestNoncesRotateAndAreKeyed(t *testing.T) {
	t.Parallel()
	a, b := NewNonces(nil, ""), NewNonces(nil, "")
	if a.Issue(now) == b.Issue(now) {
		t.Error("two processes make the same nonces")
	}
	if a.Issue(now) != a.Issue(now.Add(NonceWindow-time.Second)) {
		t.Error("a nonce changes within its window")
	}
	if a.Issue(now) == a.Issue(now.Add(NonceWindow)) {
		t.Error("a nonce does not change")
	}
	// Whoever has one nonce cannot make that of another window: the text is the
	// window's number and then what proves it.
	const number = 10 // characters, not the last bits of the number
	forged := a.Issue(now.Add(NonceWindow))[:number+1] + a.Issue(now)[number+1:]
	if forged == a.Issue(now) || a.Valid(forged, now.Add(NonceWindow), 0) {
		t.Error("a nonce is not proven by its end")
	}
	key := bytes.Repeat([]byte{7}, MinNonceKeySize)
	c := NewNonces(key, "")
	before := c.Issue(now)
	clear(key)
	if c.Issue(now) != before {
		t.Error("the key is not a copy")
	}
}
