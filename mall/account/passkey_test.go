package account_test

import (
	_ "github.com/descope/virtualwebauthn"
)
