package db

// Prefix returns the range of texts that begin with s, for the operators ~>=~ and ~<~ and an index with
// text_pattern_ops. LIKE would need a new plan for each text, since a generic plan does not know how the pattern
// begins.
func Prefix(s string) (begins, ends string) { return s, s + "\U0010ffff" }
