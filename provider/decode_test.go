package provider

import (
	"strings"
	"testing"
)

// TestDecodeIsStrict holds that a slip in a profile is found when it is read.
func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	data, err := files.ReadFile("profiles/keycloak.json")
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	if _, err := decode[Profile](data); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"unknown member":        strings.Replace(good, `"title":`, `"titel":`, 1),
		"unknown member within": strings.Replace(good, `"rule":`, `"rules":`, 1),
		"member twice":          strings.Replace(good, `"title":`, `"issuer": "https://evil.example", "title":`, 1),
		"member twice within":   strings.Replace(good, `"rule":`, `"rule": "none", "rule":`, 1),
		"wrong type":            strings.Replace(good, `"sources": [`, `"sources": 1, "x": [`, 1),
		"something follows":     good + "{}",
		"nothing":               "",
		"a list":                "[" + good + "]",
		"no JSON":               good[:len(good)/2],
		"too deep":              strings.Replace(good, `"title":`, `"x":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`, "title":`, 1),
	}
	for name, text := range tests {
		if text == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		if p, err := decode[Profile]([]byte(text)); err == nil {
			t.Errorf("%s: accepted as %q", name, p.Name)
		}
	}
}

// TestNamesAreThoseOfTheFiles keeps a copy of a file from answering for another.
func TestNamesAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		p, err := load(name)
		if err != nil {
			t.Error(err)
		} else if p.Name != name {
			t.Errorf("%s.json has the name %q", name, p.Name)
		}
	}
}
