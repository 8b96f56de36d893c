package mall

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/backoffice"
	"videomall/mall/mail"
	"videomall/mall/risk"
)

// openPeople opens mails, accounts, the audit log, the access lists and what operators do with them.
func (m *Mall) openPeople(o Options) (err error) {
	var notify func(context.Context, pgx.Tx, account.Notice) error
	var confirmed func(context.Context, pgx.Tx, string) error
	if o.Mail.Transport != nil {
		if err := m.openMails(o); err != nil {
			return err
		}
		notify, confirmed = m.mailNotice, m.Mails.ConfirmedTx
	}
	m.Accounts = account.New(account.Deps{
		Notify:     notify,
		River:      m.River,
		OnVerified: confirmed,

		Pool:       m.pool,
		Redis:      o.Redis,
		Log:        o.Log,
		Now:        o.Now,
		BrowserKey: o.BrowserKey,
		FactorKey:  o.FactorKey,
		Factors:    o.Factors,
		Breached:   o.Breached,
		Suspended:  m.suspended,
	})
	m.Sessions = account.NewSessions(account.SessionsDeps{
		Pool:      m.pool,
		Redis:     o.Redis,
		Log:       o.Log,
		Now:       o.Now,
		Secure:    o.Secure,
		Lifetimes: account.UsualLifetimes.Within(o.SessionMax),
		Accounts:  m.Accounts,
	})
	m.Audit = audit.New(audit.Deps{
		Pool: m.pool,
		Key:  o.AuditKey,
		Now:  o.Now,
	})
	m.audit = backoffice.Audit(m.Accounts, m.Audit)
	m.Limits = risk.NewLimits(risk.LimitsDeps{
		Redis:    o.Redis,
		Policies: o.RateLimits,
		Metrics:  o.Metrics,
		Log:      o.Log,
		Now:      o.Now,
	})
	m.Lists = risk.NewLists(risk.ListsDeps{
		Pool:  m.pool,
		Log:   o.Log,
		Now:   o.Now,
		Audit: m.audit,
		May: func(ctx context.Context, tx pgx.Tx, actorID int64) error {
			return m.Accounts.OperatorTx(ctx, tx, actorID, account.DutyPeople)
		},
	})
	m.FailedJobs = backoffice.NewFailedJobs(backoffice.FailedJobsDeps{
		Pool:  m.pool,
		River: m.River,
		Audit: m.audit,
	})
	m.People = backoffice.NewPeople(backoffice.PeopleDeps{
		Pool:     m.pool,
		Accounts: m.Accounts,
		Lists:    m.Lists,
		Audit:    m.audit,
	})
	return nil
}

// mailNotice writes a notice about an account as a mail.
func (m *Mall) mailNotice(ctx context.Context, tx pgx.Tx, n account.Notice) error {
	_, err := m.Mails.WriteTx(ctx, tx, mail.Order{
		Kind:   n.Kind,
		Cause:  n.Cause,
		To:     n.To,
		UserID: n.User.ID,
		Locale: n.Locale,
		Data:   n.Data,
		Secret: n.Secret,
		Until:  n.Until,
		Trial:  n.Kind == account.NoticeVerify,
	})
	return err
}

// suspended reports whether an account is suspended.
func (m *Mall) suspended(ctx context.Context, userID int64) bool {
	verdict, _ := m.Lists.Judge(ctx, risk.Subject{UserID: userID})
	return verdict == risk.Deny
}
