module github.com/mcp-auth/go

go 1.26.0

require (
	github.com/go-jose/go-jose/v4 v4.1.9
	github.com/jub0bs/cors v0.13.6
	go.yaml.in/yaml/v3 v3.0.6
	golang.org/x/oauth2 v0.38.0
	golang.org/x/text v0.44.0
)

require golang.org/x/net v0.62.0 // indirect
