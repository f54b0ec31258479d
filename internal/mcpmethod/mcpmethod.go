// Package mcpmethod is the one table of MCP methods: what the requests of each
// name and where, which list they are answered with, and which of them open and
// keep a session.
package mcpmethod

import "strings"

// The methods that the table knows.
const (
	Initialize = "initialize"
	Discover   = "server/discover"
	Ping       = "ping"
	SetLevel   = "logging/setLevel"

	ToolsList             = "tools/list"
	PromptsList           = "prompts/list"
	ResourcesList         = "resources/list"
	ResourceTemplatesList = "resources/templates/list"

	ToolsCall            = "tools/call"
	PromptsGet           = "prompts/get"
	ResourcesRead        = "resources/read"
	ResourcesSubscribe   = "resources/subscribe"
	ResourcesUnsubscribe = "resources/unsubscribe"
	Complete             = "completion/complete"
	Listen               = "subscriptions/listen"

	// The Skills extension (SEP-2640).
	SkillsList    = "skills/list"
	SkillsGet     = "skills/get"
	DirectoryRead = "resources/directory/read"

	TasksGet    = "tasks/get"
	TasksResult = "tasks/result"
	TasksCancel = "tasks/cancel"
	TasksUpdate = "tasks/update"

	// Notifications is what the methods of all notifications begin with.
	Notifications = "notifications/"
)

// All returns the methods that the table knows by name.
func All() []string {
	return []string{
		Initialize, Discover, Ping, SetLevel, ToolsList, PromptsList, ResourcesList, ResourceTemplatesList, ToolsCall, PromptsGet,
		ResourcesRead, ResourcesSubscribe, ResourcesUnsubscribe, Complete, Listen, SkillsList, SkillsGet, DirectoryRead,
		TasksGet, TasksResult, TasksCancel, TasksUpdate,
	}
}

// What an argument is completed of, see [Complete].
const (
	RefPrompt   = "prompt"
	RefResource = "resource"
)

// Target is a kind of thing that a request names.
type Target uint8

// The targets.
const (
	None Target = iota
	Tool
	Prompt
	Resource
	Task
	Reference // a prompt or a resource template, as params.ref says
)

// Member is the member of params that holds a request's name.
type Member uint8

// The members.
const (
	NoMember        Member = iota
	MemberName             // name
	MemberURI              // uri
	MemberTaskID           // taskId
	MemberRef              // ref.name or ref.uri
	MemberResources        // notifications.resourceSubscriptions: any number of URIs, or none
)

// Method says what there is to know of a method. The zero value stands for a
// method that the table does not know.
type Method struct {
	// Target is what requests name, and Member where.
	Target Target
	Member Member
	// List is the list that requests are answered with.
	List Lists
	// IsLifecycle is set if requests open or keep a session, or list what the
	// server has.
	IsLifecycle bool
	// NeedsNameHeader is set if requests must repeat their name in the header
	// Mcp-Name (MCP 2026-07-28, Standard Request Headers).
	NeedsNameHeader bool
	// HasArguments is set if requests have params.arguments. Without that member,
	// the arguments are {}.
	HasArguments bool
	// IsRemoved is set if revision 2026-07-28 no longer has the method.
	IsRemoved bool
}

// Of looks a method up.
func Of(method string) Method {
	switch method {
	case ToolsCall:
		return Method{Target: Tool, Member: MemberName, NeedsNameHeader: true, HasArguments: true}
	case PromptsGet:
		return Method{Target: Prompt, Member: MemberName, NeedsNameHeader: true, HasArguments: true}
	case ResourcesRead:
		return Method{Target: Resource, Member: MemberURI, NeedsNameHeader: true}
	case ResourcesSubscribe, ResourcesUnsubscribe:
		return Method{Target: Resource, Member: MemberURI, IsRemoved: true}
	case SkillsGet:
		return Method{Target: Resource, Member: MemberURI}
	case DirectoryRead:
		return Method{Target: Resource, Member: MemberURI, List: ListResources}
	case Complete:
		return Method{Target: Reference, Member: MemberRef}
	case Listen:
		return Method{Target: Resource, Member: MemberResources, IsLifecycle: true}
	case TasksGet, TasksResult, TasksCancel, TasksUpdate:
		return Method{Target: Task, Member: MemberTaskID}
	case ToolsList:
		return Method{List: ListTools, IsLifecycle: true}
	case PromptsList:
		return Method{List: ListPrompts, IsLifecycle: true}
	case ResourcesList:
		return Method{List: ListResources, IsLifecycle: true}
	case ResourceTemplatesList:
		return Method{List: ListTemplates, IsLifecycle: true}
	case SkillsList:
		return Method{List: ListSkills, IsLifecycle: true}
	case Initialize, Discover, Ping, SetLevel:
		return Method{IsLifecycle: true}
	}
	return Method{IsLifecycle: strings.HasPrefix(method, Notifications)}
}

// Names returns what one request of the method names: [Tool], [Prompt],
// [Resource], or [None] for anything else. name is empty if a request of
// [Listen] names no resource, ref is [RefPrompt] or [RefResource] for
// [Complete].
func (m Method) Names(name, ref string) Target {
	switch m.Target {
	case Resource:
		if m.Member == MemberResources && name == "" {
			return None
		}
	case Reference:
		switch ref {
		case RefPrompt:
			return Prompt
		case RefResource:
			return Resource
		}
		return None
	case Task:
		return None
	}
	return m.Target
}
