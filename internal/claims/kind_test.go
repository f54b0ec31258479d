package claims

import "testing"

// TestAllowClient holds that only a token that has no audience at all, and
// says that it is an access token, is accepted for its client.
//
// Covers RS7, RS9.
func TestAllowClient(t *testing.T) {
	t.Parallel()
	clients := []string{"app"}
	for payload, want := range map[string]bool{
		`"client_id":"app","token_use":"access"`:                    true,
		`"client_id":"app","token_use":"access_token"`:              true,
		`"client_id":"app","token_use":"access","aud":[]`:           true,
		`"client_id":"","azp":"app","token_use":"access"`:           true,
		`"client_id":"app","token_use":"access","aud":""`:           false,
		`"client_id":"app","token_use":"access","aud":[""]`:         false,
		`"client_id":"app","token_use":"access","aud":"app"`:        false,
		`"client_id":"app","token_use":"access","\u0061ud":"x"`:     false,
		`"client_id":"app","token_use":"access","aud":null`:         false,
		`"client_id":"app","token_use":"access","aud":[null]`:       false,
		`"client_id":"app","token_use":"access","aud":{}`:           false,
		`"client_id":"app","token_use":"access","aud":0`:            false,
		`"client_id":"app","token_use":"access","aud":false`:        false,
		`"client_id":"app","token_use":"access","aud":[[]]`:         false,
		`"client_id":"app","token_use":"access","AUD":"x"`:          false,
		`"client_id":"app","token_use":"access","aud":[],"aud":"x"`: false,
		`"client_id":"app"`:                                       false,
		`"client_id":"app","token_use":""`:                        false,
		`"client_id":"app","token_use":"id"`:                      false,
		`"client_id":"app","token_use":"refresh"`:                 false,
		`"client_id":"app","token_use":"Access"`:                  false,
		`"client_id":"app","token_use":"access "`:                 false,
		`"client_id":"app","token_use":null`:                      false,
		`"client_id":"app","token_use":true`:                      false,
		`"client_id":"app","token_use":["access"]`:                false,
		`"client_id":"app","token_use":{"access":1}`:              false,
		`"client_id":"app","Token_Use":"access"`:                  false,
		`"client_id":"app","token_use":"id","Token_use":"access"`: false,
		`"client_id":"app","token_use":"access","typ":"Refresh"`:  false,
		`"client_id":"app","token_use":"access","typ":"ID"`:       false,
		`"client_id":"app","token_use":"access","nonce":null`:     false,
		`"client_id":"app","token_use":"access","at_hash":"x"`:    false,
		`"client_id":"app","token_use":"access","events":{}`:      false,
		`"client_id":"App","token_use":"access"`:                  false,
		`"client_id":"other","azp":"app","token_use":"access"`:    false,
		`"client_id":["app"],"token_use":"access"`:                false,
		`"client_id":null,"azp":"app","token_use":"access"`:       false,
		`"token_use":"access"`:                                    false,
		`"client_id":"","token_use":"access"`:                     false,
	} {
		var p Payload
		err := p.Read([]byte("{"+payload+"}"), func([]byte) bool { return true })
		var c Claims
		var k Kind
		if err == nil {
			c, k, err = p.Decode(&Expected{Audiences: []string{"https://api.example.com/mcp"}})
		}
		c.AllowClient(clients, &k, false)
		accepted := err == nil && k.NotAccessToken(false) == "" && c.AllowedClient
		if accepted != want {
			t.Errorf("%s: accepted %t (%v)", payload, accepted, err)
		}
	}
}
