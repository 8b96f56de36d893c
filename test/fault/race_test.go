//go:build race

package fault_test

func init() { buildFlags = append(buildFlags, "-race") }
