package yamlfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/yamlfile"
)

type server struct {
	Issuer    string            `yaml:"issuer"`
	Audiences []string          `yaml:"audiences"`
	Labels    map[string]string `yaml:"labels"`
	Inner     *inner            `yaml:"inner"`
}

type inner struct {
	Count int8 `yaml:"count"`
}

type shared struct {
	Leeway time.Duration `yaml:"leeway"`
	Strict bool          `yaml:"strict"`
}

type config struct {
	shared
	Servers []server `yaml:"servers"`
	//lint:ignore U1000 fields without a tag are left alone
	unnamed int
}

const good = `# A configuration.
leeway: 1m30s
strict: true
servers:
  - issuer: https://auth.example.com
    audiences: [a, 42, 2026-01-01, true]
    labels: {x: y, 'null': z}
    inner: {count: 0x10}
  - {issuer: , audiences: null}
`

func TestDecode(t *testing.T) {
	t.Parallel()
	want := config{
		shared: shared{90 * time.Second, true},
		Servers: []server{{
			Issuer: "https://auth.example.com", Audiences: []string{"a", "42", "2026-01-01", "true"},
			Labels: map[string]string{"x": "y", "null": "z"}, Inner: &inner{16},
		}, {}},
	}
	got, err := decode(good)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	json := `{"leeway": "1m30s", "strict": true, "servers": [{"issuer": "https://auth.example.com",
		"audiences": ["a", 42, "2026-01-01", true], "labels": {"x": "y", "null": "z"}, "inner": {"count": 16}}, {}]}`
	if got, err := decode(json); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n"} {
		if got, err := decode(empty); err != nil || !reflect.DeepEqual(got, config{}) {
			t.Errorf("%q: got %+v, %v", empty, got, err)
		}
	}
}

func decode(text string) (c config, err error) {
	f, err := yamlfile.Parse("f.yaml", []byte(text))
	if err != nil {
		return c, err
	}
	return c, f.Decode(&c)
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"a list":           {"[a]", "f.yaml:1: must be a mapping, not a list"},
		"unknown":          {"servers:\n  - isuer: x\n", "f.yaml:2: servers[0].isuer: the field is not known; known are issuer, audiences, labels and inner"},
		"unknown at top":   {"unnamed: 1", "f.yaml:1: unnamed: the field is not known; known are leeway, strict and servers"},
		"one known":        {"servers: [{inner: {x: 1}}]", "f.yaml:1: servers[0].inner.x: the field is not known; known are count"},
		"duplicate":        {"strict: true\n\nstrict: false\n", "f.yaml:3: strict: the key is already on line 1"},
		"key":              {"1: x", "f.yaml:1: a key must be text, not a number"},
		"text for a list":  {"servers: x", "f.yaml:1: servers: must be a list, not text"},
		"list for text":    {"servers:\n- issuer: [x]", "f.yaml:2: servers[0].issuer: must be text, not a list"},
		"text for truth":   {"strict: yes", "f.yaml:1: strict: must be true or false, not text"},
		"number for time":  {"leeway: 5", `f.yaml:1: leeway: must be a time such as "1h30m", not a number`},
		"text for number":  {"servers: [{inner: {count: x}}]", "f.yaml:1: servers[0].inner.count: must be a number, not text"},
		"large number":     {"servers: [{inner: {count: 128}}]", "f.yaml:1: servers[0].inner.count: must be a number that is not as large"},
		"list for mapping": {"servers: [{labels: [x]}]", "f.yaml:1: servers[0].labels: must be a mapping, not a list"},
		"alias":            {"servers: &s [{inner: *s}]", "f.yaml:1: servers[0].inner: must be a mapping, not an alias"},
		"merge key":        {"servers: [{<<: {issuer: x}}]", "f.yaml:1: servers[0]: a key must be text, not a merge key"},
		"two documents":    {"strict: true\n---\nstrict: false\n", "f.yaml:2: a second document begins: the file must have one"},
		"syntax":           {"strict: true\nservers: {a: b\n", "f.yaml:2: not YAML: did not find expected ',' or '}'"},
		"tab":              {"strict: true\nservers:\n\ta: b\n", "f.yaml:3: not YAML: found character that cannot start any token; indentation takes spaces, not tabs, and a text that begins with @, ` or % takes quotes"},
		"not UTF-8":        {"strict: true\nservers: \xff", "f.yaml:2: the file is not text in UTF-8"},
		"too large":        {strings.Repeat("#", 1<<20+1), "f.yaml: the file is over 1 MiB"},
		"several": {"leeway: x\nstrict: 1\n", "f.yaml:1: leeway: must be a time such as \"1h30m\", not text\n" +
			"f.yaml:2: strict: must be true or false, not a number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decode(tc.text)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got\n%v\nwant\n%s", err, tc.want)
			}
			if _, ok := errors.AsType[*yamlfile.Error](err); !ok {
				t.Errorf("got a %T", err)
			}
		})
	}
}

// A file that is made to use up memory is refused quickly, with few mistakes.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	laughs := "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nservers: [*b,*b]\n"
	for _, text := range []string{laughs, "servers: " + strings.Repeat("[", 1<<18), "servers: [" + strings.Repeat("{x: y},", 1<<16) + "]"} {
		_, err := decode(text)
		if err == nil || len(err.Error()) > 1<<15 {
			t.Errorf("%.20s: got %.200v", text, err)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(name, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	var c config
	f, err := yamlfile.Read(name, &c)
	if err != nil || f.Name() != name || !c.Strict {
		t.Fatalf("got %+v, %v", c, err)
	}
	for path, want := range map[string]int{
		"leeway": 2, "servers": 5, "servers[0]": 5, "servers[0].audiences[1]": 6, "servers[0].labels.x": 7, "servers[0].none": 5,
		"servers[1].inner.count": 9, "servers[2]": 0, "none": 0, "": 0,
	} {
		if got := f.Line(path); got != want {
			t.Errorf("%q is on line %d, want %d", path, got, want)
		}
	}
	if _, err := yamlfile.Read(name+".none", &c); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	names := yamlfile.NamesOf(&config{}, "Count")
	for field, want := range map[string]string{
		"Leeway": "leeway", "Servers[1].Audiences[2]": "servers[1].audiences[2]", "Servers[0].Inner.Count": "servers[0].inner.count",
		"Servers[0]": "servers[0]", "Other[0].Issuer": "Other[0].Issuer",
	} {
		if got := names.Path(field); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
	if got, want := names.Text("Set Audiences, or the Count of Things"), "Set audiences, or the Count of Things"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzDecode holds that every text is read or refused with its place.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{good, "strict: &a [*a]", "? a\n: b", "%YAML 1.2\n---\na: b", "servers: [{labels: {a: {b: c}}}]", "\ufeffstrict: true"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := decode(text)
		if fault, ok := errors.AsType[*yamlfile.Error](err); err != nil && (!ok || fault.Text == "" || fault.Line < 1 && len(text) <= 1<<20) {
			t.Fatalf("%q: %#v", text, err)
		}
	})
}
