package text

import (
	"time"

	"videomall/mall/calendar"
)

// OwnZone is the reader's zone, false where it is not known.
func (p *Printer) OwnZone() (calendar.Zone, bool) {
	if p.own == nil {
		return calendar.UTC, false
	}
	return *p.own, true
}

// ZoneName names a zone whose days from one moment to another are shown, with how far it is from UTC then:
// Europe/Berlin (UTC+1, UTC+2).
func (p *Printer) ZoneName(z calendar.Zone, from, to time.Time) string {
	if z == calendar.UTC {
		return z.Name()
	}
	offset := z.Offset(from)
	if then := z.Offset(to); then != offset {
		offset += p.T("zone.then") + then
	}
	return p.T("zone.named", "Zone", z.Name(), "Offset", offset)
}
