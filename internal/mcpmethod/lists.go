package mcpmethod

import "strings"

// Lists is a set of the lists that a client may ask a server for.
type Lists uint8

// The lists.
const (
	ListTools     Lists = 1 << iota // tools/list
	ListPrompts                     // prompts/list
	ListResources                   // resources/list
	ListTemplates                   // resources/templates/list
	ListSkills                      // skills/list

	// AllLists is for streams, which may replay the answer to any request.
	AllLists = ListTools | ListPrompts | ListResources | ListTemplates | ListSkills
)

// List describes one list as the result of a request.
type List struct {
	// List is the list.
	List Lists
	// Member is the member of the result that holds the items.
	Member string
	// Key is the member of an item that identifies it.
	Key string
	// Use is the method with which a client uses an item. For a resource template
	// that is reading the resources that it stands for.
	Use string
}

// ListIn returns the list that a member of a result holds. It ignores the case of
// names, as some readers do.
func ListIn(member string) (List, bool) {
	for _, l := range [...]List{
		{ListTools, "tools", "name", ToolsCall},
		{ListPrompts, "prompts", "name", PromptsGet},
		{ListResources, "resources", "uri", ResourcesRead},
		{ListTemplates, "resourceTemplates", "uriTemplate", ResourcesRead},
		{ListSkills, "skills", "uri", SkillsGet},
	} {
		if strings.EqualFold(member, l.Member) {
			return l, true
		}
	}
	return List{}, false
}
