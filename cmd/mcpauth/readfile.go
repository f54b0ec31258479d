package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const maxSecretFile = 64 << 10 // bytes

// readAtMost reads a file of at most so many bytes.
func readAtMost(name string, most int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() // only read from
	return readAllAtMost(file, name, most)
}

// readAllAtMost is readAtMost for what is open already.
func readAllAtMost(r io.Reader, name string, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > most:
		return nil, fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return data, nil
}

// readSecret reads a secret from a file, without the line break at its end.
func readSecret(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readSecretFrom(file, path)
}

// readSecretFrom is readSecret for what is open already.
func readSecretFrom(r io.Reader, name string) ([]byte, error) {
	data, err := readAllAtMost(r, name, maxSecretFile)
	if err != nil {
		return nil, err
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" {
		return nil, fmt.Errorf("%s is empty", name)
	}
	return []byte(secret), nil
}
