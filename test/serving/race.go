//go:build race

package serving

func init() { buildFlags = append(buildFlags, "-race") }
