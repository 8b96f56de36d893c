package cache

import "github.com/maypok86/otter/v2"

// memory holds the entries of a Cache, as *entry[T]. When a package names a type, the compiler writes the methods of
// every generic type that it finds in its fields into that package again. An interface without type parameters ends this:
// with *otter.Cache[string, *entry[T]] as a field of Cache, each package that named *catalog.Catalog had 30 MB more.
type memory interface {
	GetIfPresent(key string) (any, bool)
	Set(key string, value any) (any, bool)
}

// newMemory returns a memory for at most so many values, or bytes if weigh says how many a value takes.
func newMemory(most int, weigh func(value any) uint32) memory {
	if weigh == nil {
		return otter.Must(&otter.Options[string, any]{MaximumSize: most})
	}
	return otter.Must(&otter.Options[string, any]{
		MaximumWeight: uint64(most),
		Weigher:       func(_ string, value any) uint32 { return weigh(value) },
	})
}
