package main

import (
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// newImage makes the image of a platform, with one layer on nothing.
func newImage(b *binary, base []file, created time.Time) (v1.Image, error) {
	layer, err := newLayer(append(base[:len(base):len(base)], file{binaryPath, 0o755, b.data}), created)
	if err != nil {
		return nil, err
	}
	start := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(start, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: created}, CreatedBy: "go -C deploy run ./image"},
	})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", b.architecture
	config.Created = v1.Time{Time: created}
	config.Config = v1.Config{
		User:       userID + ":" + userID,
		WorkingDir: "/",
		Env:        []string{"PATH=/usr/local/bin"},
		Entrypoint: []string{"/" + binaryPath},
		Cmd:        []string{"gateway", "/etc/mcpauth/gateway.yaml"},
		Labels:     labels(b, created),
	}
	return mutate.ConfigFile(image, config)
}

// labels returns the annotations that OCI has names for.
func labels(b *binary, created time.Time) map[string]string {
	const prefix = "org.opencontainers.image."
	found := map[string]string{
		prefix + "title":       "mcpauth",
		prefix + "description": "Authorization for MCP servers: a gateway, and tools to develop and check",
		prefix + "source":      "https://github.com/mcp-auth/go",
		prefix + "licenses":    "MIT",
		prefix + "created":     created.Format(time.RFC3339),
		prefix + "version":     b.version,
	}
	if b.revision != "" {
		found[prefix+"revision"] = b.revision
	}
	return found
}

// newIndex makes one image of those of all platforms.
func newIndex(images map[string]v1.Image) v1.ImageIndex {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, architecture := range architectures {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        images[architecture],
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	return index
}
