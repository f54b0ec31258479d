package mcpmsg

import "net/http"

// Parse is [Request.Parse] for tests.
func Parse(header http.Header, body []byte) (*Request, error) {
	request := &Request{}
	if err := request.Parse(header, body); err != nil {
		return nil, err
	}
	return request, nil
}
