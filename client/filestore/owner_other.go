//go:build !unix

package filestore

import "io/fs"

// isOthers reports false: the owner is not known here.
func isOthers(fs.FileInfo) bool { return false }
