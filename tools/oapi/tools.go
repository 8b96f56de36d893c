//go:build tools

// Package oapi pins what generated clients import.
package oapi

import _ "github.com/oapi-codegen/runtime"
