package tax

// CheckProfile returns billing details as they are kept, without keeping them. Errors: ErrProfile with its fields.
func CheckProfile(p Profile) (Profile, error) { return checkedProfile(p) }
