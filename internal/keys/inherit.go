package keys

import (
	"reflect"
	"slices"

	"github.com/mcp-auth/go/metadata"
)

// lineage is shared by a source and those that have taken over what it fetched.
// They are configured alike, so a generation means the same keys to all of them.
type lineage struct{ _ byte }

// Continues reports whether the source is configured as another one is, and has
// taken over what that fetched: what the keys of a generation have verified for
// one, they have verified for both.
func (s *Source) Continues(other *Source) bool { return s.lineage == other.lineage }

// Inherit takes over what one of other sources has fetched for a server that is
// configured alike, as it is now. It is called before the first use. The others may
// be nil.
func (s *Source) Inherit(others *Sources) {
	if others == nil {
		return
	}
	at := slices.IndexFunc(others.all, func(old *Source) bool { return s.server.alike(&old.server) })
	if at < 0 {
		return
	}
	old := others.all[at]
	s.lineage = old.lineage
	if s.keys == nil {
		return
	}
	repaired := s.server.Repair != nil || s.server.RepairKeys != nil
	s.keys.Inherit(old.keys, repaired)
	if s.metadata != nil {
		s.metadata.Inherit(old.metadata, repaired)
	}
}

// alike reports whether the documents of two servers are the same. Functions
// cannot be compared but for their code, so documents that one has repaired are
// also fetched anew.
func (s *Server) alike(other *Server) bool {
	return s.Issuer == other.Issuer && s.Type == other.Type && s.MetadataURL == other.MetadataURL &&
		sameCode(s.Repair, other.Repair) &&
		sameCode(s.RepairKeys, other.RepairKeys) && sameMetadata(s.Metadata, other.Metadata) && reflect.DeepEqual(s.Keys, other.Keys)
}

func sameMetadata(a, b *metadata.AuthorizationServer) bool { return a == b || reflect.DeepEqual(a, b) }

func sameCode(a, b func([]byte) ([]byte, error)) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
