package web

// OneName is oneName.
var OneName = oneName
