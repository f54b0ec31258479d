// Package tree holds the repository as a whole to its rules: which package
// imports which, how files depend on each other, sizes, and whether documents
// agree with the code. It consists of tests.
package tree
