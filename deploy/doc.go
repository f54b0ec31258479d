// Package deploy is empty. Its tests hold the files of this directory to what
// "mcpauth gateway" reads, and start the image: see test.sh.
package deploy
