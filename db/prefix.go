package db

// Prefix is the range of texts that begin with s, for the operators ~>=~ and ~<~ and an index with text_pattern_ops.
// LIKE would need a plan for each text that is asked for: a kept one can't see what its pattern begins with.
func Prefix(s string) (begins, ends string) { return s, s + "\U0010ffff" }
