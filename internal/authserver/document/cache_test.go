package document

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestDocumentsAreBounded(t *testing.T) {
	t.Parallel()
	c := NewCache(Config{MaxBody: 1, Now: time.Now})
	defer c.Close()
	for i := range maxDocuments + 10 {
		c.keep(strings.Repeat("x", i+1), Document{}, http.Header{}, time.Now())
	}
	if got := c.kept.Len(); got != maxDocuments {
		t.Errorf("%d documents are kept, want %d", got, maxDocuments)
	}
}
