// The protected handler of ../http on mcp-auth and express.
// Environment: ISSUER, RESOURCE, SCOPE. Prints its address.
import express from 'express';
import { MCPAuth } from 'mcp-auth';

const { ISSUER: issuer, RESOURCE: resource, SCOPE: scope } = process.env;

const mcpAuth = new MCPAuth({
  protectedResources: {
    metadata: { resource, authorizationServers: [{ issuer, type: 'oidc' }], scopesSupported: [scope] },
  },
});

const app = express();
app.disable('x-powered-by');
app.use(mcpAuth.protectedResourceMetadataRouter());
app.get('/notes', mcpAuth.bearerAuth('jwt', { resource, audience: resource, requiredScopes: [scope] }), (_, response) => {
  response.json({ ok: true });
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listening http://127.0.0.1:${server.address().port}`);
});
process.on('SIGTERM', () => process.exit(0));
