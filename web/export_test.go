package web

// OneName exposes oneName to the tests.
var OneName = oneName
