// Package input reads files and secrets within limits.
package input

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const maxSecretFile = 64 << 10 // bytes

// ReadFile reads a file of at most so many bytes.
func ReadFile(name string, most int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() // only read from
	return ReadAll(file, name, most)
}

// ReadAll reads at most so many bytes. The name is for errors.
func ReadAll(r io.Reader, name string, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > most:
		return nil, fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return data, nil
}

// SecretFile reads a secret from a file, without the line break at its end.
func SecretFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadSecret(file, path)
}

// ReadSecret reads a secret without the line break at its end. The name is for
// errors.
func ReadSecret(r io.Reader, name string) ([]byte, error) {
	data, err := ReadAll(r, name, maxSecretFile)
	if err != nil {
		return nil, err
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" {
		return nil, fmt.Errorf("%s is empty", name)
	}
	return []byte(secret), nil
}
