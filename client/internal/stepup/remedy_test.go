package stepup

import (
	"net/http"
	"slices"
	"testing"
)

// Each remedy is tried once, and only if its answer could be another one.
//
// Covers CL8.
func TestRemedies(t *testing.T) {
	t.Parallel()
	unauthorized := Demand{Status: http.StatusUnauthorized}
	more := Demand{Status: http.StatusForbidden, Code: "insufficient_scope", Scopes: []string{"a", "b"}}
	fixed := &Held{Requested: []string{"a"}}
	refreshable := &Held{Requested: []string{"a"}, Refreshable: true}
	for name, test := range map[string]struct {
		demand Demand
		held   *Held
		want   []Remedy
	}{
		"401, no token":              {unauthorized, nil, []Remedy{Obtain, None}},
		"401, a token":               {unauthorized, fixed, []Remedy{Obtain, None}},
		"401, a refreshable token":   {unauthorized, refreshable, []Remedy{Refresh, Obtain, None}},
		"401, more scopes":           {Demand{Status: http.StatusUnauthorized, Scopes: []string{"b"}}, refreshable, []Remedy{Obtain, Refresh, Obtain, None}},
		"403, no token":              {more, nil, []Remedy{None}},
		"403, more scopes":           {more, fixed, []Remedy{Obtain, None}},
		"403, scopes it was for":     {Demand{Status: http.StatusForbidden, Scopes: []string{"a"}}, refreshable, []Remedy{None}},
		"403, more, a refresh token": {more, refreshable, []Remedy{Obtain, None}},
	} {
		var tried Attempts
		var got []Remedy
		for range test.want {
			got = append(got, tried.Next(test.demand, test.held))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// After a refresh that failed, another token is obtained only once.
//
// Covers CL8.
func TestRefreshFailed(t *testing.T) {
	t.Parallel()
	var tried Attempts
	demand, held := Demand{Status: http.StatusUnauthorized}, &Held{Refreshable: true}
	if got := tried.Next(demand, held); got != Refresh {
		t.Fatalf("first %v, want a refresh", got)
	}
	tried.RefreshFailed()
	if got := tried.Next(demand, held); got != None {
		t.Errorf("then %v, want none", got)
	}
}

// Covers CL8.
func TestAnswerable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		demand Demand
		want   bool
	}{
		"401":                    {Demand{Status: http.StatusUnauthorized}, true},
		"403":                    {Demand{Status: http.StatusForbidden}, false},
		"403, insufficient":      {Demand{Status: http.StatusForbidden, Code: "insufficient_scope"}, true},
		"403, scopes only":       {Demand{Status: http.StatusForbidden, Scopes: []string{"a"}}, true},
		"403, for other reasons": {Demand{Status: http.StatusForbidden, Code: "access_denied", Scopes: []string{"a"}}, false},
	} {
		if got := test.demand.Answerable(); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}
