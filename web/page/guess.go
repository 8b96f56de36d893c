package page

// Guess has a code tried that somebody typed, and refuses who has tried too many that nobody gave out. The zero Guess
// refuses nobody.
type Guess func(c *Ctx, code string, try func() error) error

// Try returns the error of try, or the refusal to try.
func (g Guess) Try(c *Ctx, code string, try func() error) error {
	if g == nil {
		return try()
	}
	return g(c, code, try)
}
