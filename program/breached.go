package program

import (
	"fmt"

	"videomall/config"
	"videomall/mall/account"
)

// breachedPasswords opens the file of BREACHED_PASSWORDS for as long as the program runs; nil without one.
func breachedPasswords(c *config.Config) (func(password string) (bool, error), error) {
	if c.Breached == "" {
		return nil, nil
	}
	has, err := account.OpenBreached(c.Breached)
	if err != nil {
		return nil, fmt.Errorf("BREACHED_PASSWORDS=%q: %w", c.Breached, err)
	}
	return has, nil
}
