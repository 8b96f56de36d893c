package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"videomall/mall/account"
	"videomall/mall/follow"
	"videomall/mall/invoice"
	"videomall/mall/mail"
	"videomall/mall/media"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/webhook"
)

// workers registers every kind that the business enqueues; a test enqueues each and sees it worked.
func workers(d Deps, tasks map[string]task) *river.Workers {
	w, orders := river.NewWorkers(), d.Mall.Orders
	river.AddWorker(w, &worker[order.DeliverArgs]{
		retry: fastBackoff,
		do: func(ctx context.Context, a order.DeliverArgs) error {
			return orders.Deliver(ctx, a.OrderNo)
		},
	})
	river.AddWorker(w, &worker[order.CloseArgs]{
		retry: slowBackoff,
		do: func(ctx context.Context, a order.CloseArgs) error {
			return orders.Expire(ctx, a.OrderNo)
		},
	})
	river.AddWorker(w, &worker[order.CloseSiblingsArgs]{
		retry: slowBackoff,
		do: func(ctx context.Context, a order.CloseSiblingsArgs) error {
			return orders.CloseSiblings(ctx, a.OrderNo)
		},
	})
	river.AddWorker(w, &worker[order.CloseOthersArgs]{
		retry: slowBackoff,
		do: func(ctx context.Context, a order.CloseOthersArgs) error {
			return orders.CloseOthers(ctx, a.OrderNo, a.Provider)
		},
	})
	river.AddWorker(w, &worker[order.CollectArgs]{
		retry: fastBackoff,
		do: func(ctx context.Context, a order.CollectArgs) error {
			return orders.Collect(ctx, a.OrderNo)
		},
	})
	river.AddWorker(w, &worker[order.CloseOwnedArgs]{
		retry: slowBackoff,
		do: func(ctx context.Context, a order.CloseOwnedArgs) error {
			return orders.CloseOwned(ctx, a.OrderNo)
		},
	})
	river.AddWorker(w, &worker[order.RefundArgs]{
		retry: slowBackoff,
		do: func(ctx context.Context, a order.RefundArgs) error {
			return orders.Refunds().Submit(ctx, a.RefundNo)
		},
	})
	river.AddWorker(w, &worker[order.EndAccessArgs]{retry: slowBackoff, do: orders.Refunds().EndAccess})
	if bank := d.Mall.Sandbox; bank != nil {
		river.AddWorker(w, &worker[sandbox.NoticeArgs]{
			retry: sandbox.RetryDelay,
			do: func(ctx context.Context, a sandbox.NoticeArgs) error {
				return bank.Deliver(ctx, a.NoticeID)
			},
		})
	}
	river.AddWorker(w, &longRunning[media.StageArgs]{worker[media.StageArgs]{
		retry: fastBackoff,
		do:    d.Mall.Media.Pipeline.Run,
	}})
	river.AddWorker(w, &longRunning[media.EraseArgs]{worker[media.EraseArgs]{
		retry: slowBackoff,
		do: func(ctx context.Context, a media.EraseArgs) error {
			return d.Mall.Media.Pipeline.Erase(ctx, a.VideoID)
		},
	}})
	river.AddWorker(w, &worker[invoice.IssueArgs]{
		retry: slowBackoff,
		do: func(ctx context.Context, a invoice.IssueArgs) error {
			return d.Mall.Invoices.Issue(ctx, a.OrderNo)
		},
	})
	if mails := d.Mall.Mails; mails != nil {
		river.AddWorker(w, &mailWorker{worker[mail.SendArgs]{
			retry: slowBackoff,
			do:    func(ctx context.Context, a mail.SendArgs) error { return mails.Send(ctx, a.MailID) },
		}})
		river.AddWorker(w, &worker[account.ResetArgs]{retry: fastBackoff, do: d.Mall.Accounts.SendReset})
		river.AddWorker(w, &worker[follow.BatchArgs]{
			retry: fastBackoff,
			do: func(ctx context.Context, a follow.BatchArgs) error {
				return d.Mall.Follows.Batch(ctx, a.MailingID)
			},
		})
	}
	river.AddWorker(w, &reconcileWorker{run: d.Mall.Reconciler.Run})
	river.AddWorker(w, &webhookWorker{send: d.Mall.Webhooks.Turn})
	river.AddWorker(w, &ticker{tasks: tasks, log: d.Log})
	return w
}

// awaitProvider is the pause before a provider that is still working is asked again.
const awaitProvider = 5 * time.Second

// worker works one kind of job by calling one verb of the business.
type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	do    func(context.Context, T) error
	retry func(attempt int) time.Duration
}

// Work calls the verb. A provider that is still working is no failure: the job sleeps, and the try does not count.
func (v *worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	err := v.do(ctx, job.Args)
	if errors.Is(err, order.ErrAwaitsProvider) {
		return river.JobSnooze(awaitProvider)
	}
	return err
}

// longRunning works jobs that may take hours.
type longRunning[T river.JobArgs] struct{ worker[T] }

// maxVideoTime is longer than any stage of a video. Until it is over River takes no job of a killed worker up again; the
// sweep of stages does, within seconds of the lease's end.
const maxVideoTime = 24 * time.Hour

// Timeout replaces the client's, which is for what people wait for.
func (p *longRunning[T]) Timeout(*river.Job[T]) time.Duration { return maxVideoTime }

// Work calls the verb. When the verb asks to be called later, the job sleeps, and the try does not count.
func (p *longRunning[T]) Work(ctx context.Context, job *river.Job[T]) error {
	err := p.do(ctx, job.Args)
	if later, ok := errors.AsType[media.Later](err); ok {
		return river.JobSnooze(later.After)
	}
	return err
}

// NextRetry replaces River's attempt⁴ s, which is too slow for a grant that is promised within 30 s.
func (v *worker[T]) NextRetry(job *river.Job[T]) time.Time {
	return time.Now().Add(v.retry(job.Attempt))
}

// mailWorker sends one mail.
type mailWorker struct{ worker[mail.SendArgs] }

// beforeMail is the pause before a mail is composed again whose subject is not ready yet.
const beforeMail = 3 * time.Second

// Work sends a mail. That it can't be composed yet is no failure: the job sleeps, and the try does not count.
func (m *mailWorker) Work(ctx context.Context, job *river.Job[mail.SendArgs]) error {
	err := m.worker.Work(ctx, job)
	if errors.Is(err, mail.ErrNotYet) {
		return river.JobSnooze(beforeMail)
	}
	return err
}

// Timeout is that of one attempt.
func (m *mailWorker) Timeout(*river.Job[mail.SendArgs]) time.Duration { return mail.SendTime }

// webhookWorker sends what is due at a webhook.
type webhookWorker struct {
	river.WorkerDefaults[webhook.TurnArgs]
	send func(context.Context, int64) (int, error)
}

// Timeout is long enough for the last call that a turn begins.
func (t *webhookWorker) Timeout(*river.Job[webhook.TurnArgs]) time.Duration { return webhook.TurnTime }

// Work takes one turn. A turn that fails is cancelled: it is neither retried nor a dead letter, because whatever it
// left is still due and gets another turn.
func (t *webhookWorker) Work(ctx context.Context, job *river.Job[webhook.TurnArgs]) error {
	if _, err := t.send(ctx, job.Args.EndpointID); err != nil {
		return river.JobCancel(err)
	}
	return nil
}

// fastBackoff is 1, 2, 4, 8 … s, at most a minute, for jobs that somebody waits for.
func fastBackoff(attempt int) time.Duration {
	return min(time.Second<<min(max(attempt, 1)-1, 6), time.Minute)
}

// slowBackoff is 1, 2, 4 … s, at most two hours, for jobs that call a server which may be down for long.
func slowBackoff(attempt int) time.Duration {
	return min(time.Second<<min(max(attempt, 1)-1, 13), 2*time.Hour)
}
