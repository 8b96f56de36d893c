package account

// FillHasher has nobody hashed, as when very many sign in at once, until empty is called.
func (a *Accounts) FillHasher() (empty func()) {
	for range cap(a.hasher.waiting) {
		a.hasher.waiting <- struct{}{}
	}
	return func() {
		for range cap(a.hasher.waiting) {
			<-a.hasher.waiting
		}
	}
}
