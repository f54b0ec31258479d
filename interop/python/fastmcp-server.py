# An MCP server on FastMCP that knows nothing of authorization: its tools do nothing but say that they ran.
#
# Settings as JSON in INTEROP_PLAIN_SERVER, see internal/settings. Each call of a tool adds its name, a line, to the
# file `record`.
import json
import os

from fastmcp import FastMCP

settings = json.loads(os.environ["INTEROP_PLAIN_SERVER"])
server = FastMCP("plain")
record = open(settings["record"], "a", buffering=1, encoding="utf-8")


def add_tool(name):
    @server.tool(name=name)
    async def run() -> str:
        record.write(name + "\n")
        return name + " is done"


for tool in settings["tools"]:
    add_tool(tool)

server.run(
    transport="http",
    host="127.0.0.1",
    port=settings["port"],
    path="/mcp",
    stateless_http=settings["stateless"],
    show_banner=False,
    log_level="warning",
)
