package page

// Guess lets a typed code be tried, and refuses people who tried too many codes that do not exist. The zero Guess
// refuses nobody.
type Guess func(c *Ctx, code string, try func() error) error

// Try returns the error of try, or the refusal to try.
func (g Guess) Try(c *Ctx, code string, try func() error) error {
	if g == nil {
		return try()
	}
	return g(c, code, try)
}
