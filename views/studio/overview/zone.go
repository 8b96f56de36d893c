package overview

import (
	"slices"
	"strings"
	"time"

	"videomall/mall/calendar"
	"videomall/views/text"
	"videomall/views/ui"
)

// ZoneURL is the page where a creator chooses the zone of reports.
const ZoneURL = "/studio/time-zone"

// ZonePage is the choice of a zone. Errors are slugs by field.
type ZonePage struct {
	Zone    calendar.Zone // the creator's
	Browser calendar.Zone // the reader's, where it is known
	Known   bool
	Errors  map[string]string
	Now     time.Time
}

func (p ZonePage) wrong(t *text.Printer, field string) string {
	return ui.FieldError(t, p.Errors, field, "zone.wrong.")
}

// common are the zones that stand first in the list.
var common = []string{
	"UTC", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo",
	"Asia/Kolkata", "Europe/London",
	"Europe/Berlin", "Europe/Paris", "America/New_York", "America/Chicago", "America/Los_Angeles", "Australia/Sydney",
}

// groups are the zones to choose from: the common ones, then all by their continents. One by an older name stands among
// the common ones where it is the creator's.
func (p ZonePage) groups(t *text.Printer) []ui.OptionGroup {
	names := calendar.Names()
	first := common
	if own := p.Zone.Name(); !slices.Contains(names, own) {
		first = append([]string{own}, common...)
	}
	groups := []ui.OptionGroup{{Label: t.T("zone.common"), Options: p.options(t, first)}}
	for len(names) > 0 {
		region, _, within := strings.Cut(names[0], "/")
		end := 1
		for end < len(names) && strings.HasPrefix(names[end], region+"/") {
			end++
		}
		if within {
			groups = append(groups, ui.OptionGroup{
				Label:   t.T("zone.region_" + region),
				Options: p.options(t, names[:end]),
			})
		}
		names = names[end:]
	}
	return groups
}

func (p ZonePage) options(t *text.Printer, names []string) []ui.Option {
	var list []ui.Option
	for _, name := range names {
		if z, ok := calendar.Find(name); ok {
			list = append(list, ui.Option{Value: name, Label: t.ZoneName(z, p.Now, p.Now)})
		}
	}
	return list
}
