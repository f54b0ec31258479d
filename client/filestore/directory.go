package filestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

const (
	maxRecord   = 1 << 20
	lockPolling = 20 * time.Millisecond

	dirMode  = 0o700
	fileMode = 0o600
)

// directory is a directory of small files.
type directory string

func (d directory) path(name string) string { return filepath.Join(string(d), name) }

// prepare creates the directory, or refuses one that other users can write to:
// they could replace the store by an older one, or by one with their own key.
func (d directory) prepare() error {
	if err := os.MkdirAll(string(d), dirMode); err != nil {
		return err
	}
	info, err := os.Stat(string(d))
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("other users can write to the directory %s: chmod 700 it", d)
	}
	if isOthers(info) {
		return fmt.Errorf("the directory %s belongs to another user", d)
	}
	return nil
}

// nameOf names a file after the key of a record without showing the key.
func nameOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

func (d directory) read(name string) ([]byte, error) {
	file, err := os.Open(d.path(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxRecord+1))
	if err == nil && len(data) > maxRecord {
		err = errors.New("a file of the store is too large")
	}
	return data, err
}

// write replaces a file in one step: a reader sees the old or the new one.
func (d directory) write(name string, data []byte) (err error) {
	file, err := os.CreateTemp(string(d), "new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // the first error counts
		}
	}()
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), d.path(name))
}

// locked runs do while no other process holds the lock.
func (d directory) locked(ctx context.Context, name string, do func() error) (err error) {
	file, err := os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	// Closing releases the lock, as does the end of the process.
	defer func() { err = errors.Join(err, file.Close()) }()
	for {
		held, err := tryLock(file)
		if err != nil {
			return err
		}
		if held {
			return do()
		}
		select {
		case <-time.After(lockPolling):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
