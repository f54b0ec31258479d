package headers

// rule says what becomes of a header of a request. Several may hold for one header.
type rule uint8

const (
	drop       rule = 1 << iota // not for the upstream
	single                      // refused if it comes twice
	encoding                    // refused: the body would be read in another form than it was decided on
	connection                  // refused if it names anything but headers of a connection
	upgrade                     // refused if it asks for anything but h2c
	none       rule = 0
)

// requestRules has a rule for each header of a request that does not simply pass.
var requestRules = map[string]rule{
	// Credentials and state of the caller (GW6).
	"Authorization": drop | single,
	"Dpop":          drop,
	"Cookie":        drop,
	"Cookie2":       drop,
	"Client-Cert":   drop,
	"Origin":        drop,

	// What the decision was made on, in one reading (GW7).
	"Content-Type":         single,
	"Mcp-Method":           single,
	"Mcp-Name":             single,
	"Mcp-Protocol-Version": single,
	"Mcp-Session-Id":       single,
	"Content-Encoding":     drop | encoding,

	// Of the connection. Te passes for what it says of trailers.
	"Connection":        drop | connection,
	"Upgrade":           drop | upgrade,
	"Http2-Settings":    drop,
	"Keep-Alive":        drop,
	"Trailer":           drop,
	"Transfer-Encoding": drop,
	"Expect":            drop,

	// Where a request came from and what it was (GW4).
	"Forwarded":                              drop,
	"Via":                                    drop,
	"X-Real-Ip":                              drop,
	"X-Client-Ip":                            drop,
	"X-Cluster-Client-Ip":                    drop,
	"True-Client-Ip":                         drop,
	"Cf-Connecting-Ip":                       drop,
	"Fastly-Client-Ip":                       drop,
	"X-Url-Scheme":                           drop,
	"X-Rewrite-Url":                          drop,
	"X-Http-Method":                          drop,
	"X-Http-Method-Override":                 drop,
	"X-Method-Override":                      drop,
	"X-Middleware-Subrequest":                drop,
	"Access-Control-Request-Method":          drop,
	"Access-Control-Request-Headers":         drop,
	"Access-Control-Request-Private-Network": drop,

	// Who is calling (GW5).
	"X-User":         drop,
	"X-User-Id":      drop,
	"X-User-Name":    drop,
	"X-User-Email":   drop,
	"X-Userid":       drop,
	"X-Username":     drop,
	"X-Email":        drop,
	"X-Groups":       drop,
	"X-Roles":        drop,
	"X-Subject":      drop,
	"X-Access-Token": drop,
	"X-Id-Token":     drop,
	"X-Client-Cert":  drop,
	"X-Client-Id":    drop,
}

// requestPrefixes begin the names of headers that are not for the upstream.
var requestPrefixes = []string{
	"Proxy-", "Sec-Websocket-", "X-Forwarded", "X-Original-", "X-Envoy-",
	"Mcp-Auth-", "X-Mcp-Auth-", "Remote-", "X-Remote-", "X-Auth-", "X-Authenticated-", "X-Webauth-", "X-Amzn-Oidc-", "X-Goog-Authenticated-",
	"X-Goog-Iap-", "Cf-Access-", "X-Ms-Client-Principal", "X-Ms-Token-", "Tailscale-", "X-Vouch-", "X-Pomerium-", "X-Authentik-",
	"Ssl-Client-", "X-Ssl-",
}

// responseDrops are the headers of a response that are not for the client.
var responseDrops = map[string]bool{
	// Challenges and state that only the gateway may set (GW13, GW14).
	"Www-Authenticate":          true,
	"Proxy-Authenticate":        true,
	"Authentication-Info":       true,
	"Proxy-Authentication-Info": true,
	"Dpop-Nonce":                true,
	"Set-Cookie":                true,
	"Set-Cookie2":               true,

	// What browsers keep for the whole origin, which several upstreams share.
	"Alt-Svc":                   true,
	"Clear-Site-Data":           true,
	"Strict-Transport-Security": true,
	"Public-Key-Pins":           true,
	"Nel":                       true,
	"Report-To":                 true,
	"Reporting-Endpoints":       true,
	"Service-Worker-Allowed":    true,
	"Refresh":                   true,

	// What a proxy further out would act on.
	"X-Sendfile":    true,
	"X-Reproxy-Url": true,

	// Of the connection.
	"Connection":        true,
	"Keep-Alive":        true,
	"Proxy-Connection":  true,
	"Te":                true,
	"Trailer":           true,
	"Transfer-Encoding": true,
	"Upgrade":           true,
}

// responsePrefixes begin the names of headers that are not for the client: CORS is
// the gateway's alone (GW12), and X-Accel-Redirect has nginx send a file.
var responsePrefixes = []string{"Access-Control-", "X-Accel-"}

// notAdded are the headers that a gateway does not add on its own account.
var notAdded = map[string]bool{
	"Accept":            true,
	"Connection":        true,
	"Expect":            true,
	"Host":              true,
	"Te":                true,
	"Trailer":           true,
	"Transfer-Encoding": true,
	"Upgrade":           true,
}

// notAddedPrefixes begin the names of others.
var notAddedPrefixes = []string{"Content-", "Mcp-", "X-Forwarded-"}
