package demo

import "io/fs"

// Covers holds every cover as <slug>-<width>.webp.
func Covers() (fs.FS, error) { return fs.Sub(files, "covers") }

// Avatars holds every portrait as <slug>-<size>.webp.
func Avatars() (fs.FS, error) { return fs.Sub(files, "avatars") }
