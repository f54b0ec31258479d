module github.com/mcp-auth/go/client/filestore

go 1.26.0

require (
	github.com/mcp-auth/go v0.0.0
	github.com/zalando/go-keyring v0.2.8
	golang.org/x/crypto v0.59.0
	golang.org/x/sys v0.50.0
)

require (
	github.com/danieljoos/wincred v1.2.3 // indirect
	github.com/go-jose/go-jose/v4 v4.1.9 // indirect
	github.com/godbus/dbus/v5 v5.2.2 // indirect
	golang.org/x/oauth2 v0.38.0 // indirect
)
