package version

import (
	"runtime/debug"
	"testing"
)

func TestReadVersion(t *testing.T) {
	t.Parallel()
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	tests := map[string]struct {
		build *debug.BuildInfo
		ok    bool
		want  info
		line  string
	}{
		"no build information": {nil, false, info{Version: "(devel)"}, "mcpauth (devel)"},
		"installed": {
			&debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v1.2.3"}}, true,
			info{Version: "v1.2.3", Go: "go1.26.8"}, "mcpauth v1.2.3 go1.26.8",
		},
		"from a checkout": {
			&debug.BuildInfo{GoVersion: "go1.26.8", Settings: []debug.BuildSetting{
				setting("vcs.revision", "abc123"), setting("vcs.time", "2026-11-02T10:00:00Z"), setting("vcs.modified", "true"),
			}}, true,
			info{Version: "(devel)", Revision: "abc123", Time: "2026-11-02T10:00:00Z", Modified: true, Go: "go1.26.8"},
			"mcpauth (devel) revision abc123 (modified) go1.26.8",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := read(test.build, test.ok)
			if got != test.want {
				t.Errorf("read = %+v, want %+v", got, test.want)
			}
			if got.String() != test.line {
				t.Errorf("String = %q, want %q", got, test.line)
			}
		})
	}
}
