package earnings

import (
	"context"

	"videomall/mall/account"
	"videomall/mall/ledger"
	"videomall/views"
	"videomall/web/page"
)

// Notice tells a creator on every page that the account for their payouts was set or changed, while payouts to it still
// wait: whoever did that on a stolen session can't hide it.
func Notice(l *ledger.Ledger) func(context.Context, *page.Ctx) (*views.Notice, error) {
	return func(ctx context.Context, c *page.Ctx) (*views.Notice, error) {
		if !c.Viewer.Is(account.RoleCreator) {
			return nil, nil
		}
		at, until, changed, err := l.DestinationChanged(ctx, c.Viewer.UserID)
		if err != nil || !changed {
			return nil, err
		}
		return &views.Notice{
			Title: c.Text.T("earnings.changed", "Time", c.Text.DateTime(at)),
			Body:  c.Text.T("earnings.changed_body", "Time", c.Text.DateTime(until)),
			Href:  "/account#password-section",
			Label: c.Text.T("account.change_password"),
		}, nil
	}
}
