package filestore

import (
	"context"
	"errors"
	"testing"
)

func TestTurns(t *testing.T) {
	t.Parallel()
	var records turns
	release, err := records.take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := records.take(t.Context(), "b"); err != nil {
		t.Errorf("another record: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := records.take(ended, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("the same record: %v, want canceled", err)
	}
	release()
	if _, err := records.take(t.Context(), "a"); err != nil {
		t.Errorf("the same record, released: %v", err)
	}
}
