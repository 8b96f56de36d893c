package account

import "videomall/mall/account/internal/breached"

// OpenBreached returns Deps.Breached for a file of hashes as Have I Been Pwned publishes them: SHA-1 in hexadecimal,
// sorted, one on each line. It fails if the file can't be read or has another form.
func OpenBreached(path string) (has func(password string) (bool, error), err error) {
	list, err := breached.Open(path)
	if err != nil {
		return nil, err
	}
	return list.Has, nil
}
