//! An MCP server on rmcp that knows nothing of authorization: its tools do nothing but say that they ran.
//!
//! Settings as JSON in INTEROP_PLAIN_SERVER, see ../internal/settings. Each call of a tool adds its name, a line, to the
//! file `record`.
use std::{env, fs::OpenOptions, io::Write, sync::Arc};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult, PaginatedRequestParams,
        ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};

#[derive(Clone, serde::Deserialize)]
struct Plain {
    port: u16,
    tools: Vec<String>,
    record: String,
    stateless: bool,
}

impl ServerHandler for Plain {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = serde_json::Map::from_iter([("type".to_owned(), "object".into())]);
        let schema = Arc::new(schema);
        let tools = self.tools.iter().map(|name| Tool::new(name.clone(), "", schema.clone()));
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        if !self.tools.iter().any(|tool| tool == name) {
            return Err(ErrorData::invalid_params("unknown tool", None));
        }
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.record)
            .and_then(|mut record| record.write_all(format!("{name}\n").as_bytes()));
        if let Err(error) = written {
            return Err(ErrorData::internal_error(error.to_string(), None));
        }
        Ok(CallToolResult::success(vec![ContentBlock::text(format!("{name} is done"))]).into())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plain: Plain = serde_json::from_str(&env::var("INTEROP_PLAIN_SERVER")?)?;
    let address = ("127.0.0.1", plain.port);
    let config = StreamableHttpServerConfig::default().with_legacy_session_mode(!plain.stateless);
    let service =
        StreamableHttpService::new(move || Ok(plain.clone()), Arc::new(LocalSessionManager::default()), config);
    let router = axum::Router::new().nest_service("/mcp", service);
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, router).await?;
    Ok(())
}
