// Package campaigns owns the console's pages of flash sales, where operators make and stop any sale of the mall. They are
// the pages of web/studio/campaigns, over the videos of all creators; this package has none of its own.
package campaigns

import (
	"github.com/labstack/echo/v4"

	"videomall/web/studio/campaigns"
)

// Deps are the verbs that the pages call.
type Deps = campaigns.Deps

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) { campaigns.OperatorRoutes(g, d) }
