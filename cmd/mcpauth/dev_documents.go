package main

import (
	"context"
	"log/slog"

	"github.com/mcp-auth/go/internal/authserver/clientdoc"
)

// withoutDocuments reports whether client metadata documents cannot be fetched,
// and logs why.
func withoutDocuments(ctx context.Context, logger *slog.Logger) bool {
	err := clientdoc.CheckReachable(ctx)
	if err != nil {
		logger.WarnContext(ctx, "client ID metadata documents are not advertised, so that clients register instead", "reason", err)
	}
	return err != nil
}
