package key

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func newTestRing(t *testing.T, algorithm string) *Ring {
	t.Helper()
	r, err := NewRing(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ids(r *Ring, now time.Time) (published []string) {
	for _, k := range r.Published(now) {
		published = append(published, k.KeyID)
	}
	return published
}

// Covers AS10.
func TestTheNextKeyIsPublishedBeforeItSigns(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := newTestRing(t, "ES256")
	old := r.Current(now.Add(time.Hour)).ID()
	announced := ids(r, now)
	if err := r.Rotate(); err != nil {
		t.Fatal(err)
	}
	if current := r.Current(now).ID(); current == old || !slices.Contains(announced, current) {
		t.Errorf("the key %s signs, of %s", current, announced)
	}
	for _, test := range []struct {
		at   time.Duration
		want bool
	}{{time.Hour, true}, {time.Hour + publishedGrace - 1, true}, {time.Hour + publishedGrace, false}} {
		if got := slices.Contains(ids(r, now.Add(test.at)), old); got != test.want {
			t.Errorf("after %v the old key is published: %v, want %v", test.at, got, test.want)
		}
	}
}

func TestReplaceWithdrawsEveryKey(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := newTestRing(t, "ES256")
	before := ids(r, now)
	if err := r.Replace(); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids(r, now) {
		if slices.Contains(before, id) {
			t.Errorf("the key %s is still published", id)
		}
	}
}

// Covers AS10.
func TestRestore(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var saved Saved
	r := newTestRing(t, "ES256")
	save := func(s Saved) error { saved = s; return nil }
	if err := r.SaveWith(save); err != nil {
		t.Fatal(err)
	}
	r.Current(now.Add(time.Hour))
	if err := r.Rotate(); err != nil {
		t.Fatal(err)
	}
	same, err := Restore(saved, "ES256", now)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ids(same, now), ids(r, now); !slices.Equal(got, want) || same.Current(now).ID() != r.Current(now).ID() {
		t.Errorf("keys %s, want %s", got, want)
	}
	other, err := Restore(saved, "EdDSA", now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if other.Current(now).Algorithm != "EdDSA" || !slices.Contains(ids(other, now), r.Current(now).ID()) {
		t.Error("another algorithm does not sign, or drops the key in use before")
	}
}

func TestAChangeThatCannotBeSavedFails(t *testing.T) {
	t.Parallel()
	r := newTestRing(t, "ES256")
	failed := errors.New("disk full")
	if err := r.SaveWith(func(Saved) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("SaveWith: %v", err)
	}
	if err := r.Rotate(); !errors.Is(err, failed) {
		t.Errorf("Rotate: %v", err)
	}
}
