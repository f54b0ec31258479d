package stdio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// inherited are the variables that each process gets from the environment of this one.
func inherited() []string {
	names := []string{"PATH", "HOME"}
	if runtime.GOOS == "windows" {
		names = append(names, "PATHEXT", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMFILES")
	}
	return names
}

// environment returns the environment of a process, and what hides its secrets in
// what is logged.
func environment(variables map[string]Variable) (env []string, hide *strings.Replacer, err error) {
	for _, name := range inherited() {
		if _, own := variables[name]; own {
			continue
		}
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	var secrets []string
	for name, variable := range variables {
		value := variable.Value
		if variable.File != "" {
			if value, err = readSecret(variable.File); err != nil {
				return nil, nil, fmt.Errorf("environment variable %s: %w", name, err)
			}
			if len(value) >= shortestSecretToHide {
				secrets = append(secrets, value, "[redacted]")
			}
		}
		env = append(env, name+"="+value)
	}
	return env, strings.NewReplacer(secrets...), nil
}

var errSecret = errors.New("the file is larger than 64 KiB or has a zero byte")

// readSecret returns what a file holds. An error holds nothing of it.
func readSecret(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	value, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	switch {
	case err != nil:
		return "", err
	case len(value) > maxSecret, bytes.IndexByte(value, 0) >= 0:
		return "", errSecret
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(value), "\n"), "\r"), nil
}
