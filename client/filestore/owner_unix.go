//go:build unix

package filestore

import (
	"io/fs"
	"os"
	"syscall"
)

// isOthers reports whether a file belongs to a user who is neither this one nor
// root. Root may use everybody's.
func isOthers(info fs.FileInfo) bool {
	status, ok := info.Sys().(*syscall.Stat_t)
	user := os.Geteuid()
	return ok && user != 0 && status.Uid != 0 && int(status.Uid) != user
}
