// Package coupons owns the console's pages of coupons that hold in the whole mall. They are the pages of web/studio/offers
// without bundles, which belong to creators; this package has none of its own.
package coupons

import (
	"github.com/labstack/echo/v4"

	"videomall/web/studio/offers"
)

// Deps are the verbs that the pages call.
type Deps = offers.Deps

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) { offers.OperatorRoutes(g, d) }
