// Package crosscheck holds packages of the library to the two MCP SDKs: what one
// side writes or reads, the other must understand alike. Its tests are a module
// of their own, so a program that imports mcpauth does not inherit the SDKs.
package crosscheck
