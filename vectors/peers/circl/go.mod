module circl-vectors

go 1.25.0

// Read for its test data only: nothing imports it.
require github.com/cloudflare/circl v1.6.5
