package wechatpay

import (
	"errors"
	"fmt"

	"videomall/mall/fault"
	"videomall/mall/payment"
)

// verb is what a request asks for.
type verb int

const (
	creating verb = iota
	querying
	closing
	refunding
	queryingRefund
	listing // a statement
	verbs   // how many there are
)

var (
	// errDone says that what was asked for is so already.
	errDone = errors.New("done already")
	// errAsk says that the code has several causes, so that only a query tells what became of the request.
	errAsk = errors.New("ambiguous")
	// errNoTrade says that there is no bill, because nothing was traded or because it is not made yet.
	errNoTrade = errors.New("no bill")
)

// codes says what WeChat Pay's documented codes mean for each verb. A code that has no entry for a verb leaves it
// unknown what became of the request; SYSTEM_ERROR and BANK_ERROR are listed to say so. Wrong keys and missing rights
// let a refund be retried, since the payer is owed the money and the same request succeeds once the operator has
// mended them. Codes are what counts, not statuses, which differ between the years of the documents. The spellings
// without underscore are those of older ones.
var codes = map[string][verbs]error{
	"ORDERPAID":  {creating: payment.ErrAlreadyPaid, closing: payment.ErrAlreadyPaid},
	"ORDER_PAID": {creating: payment.ErrAlreadyPaid, closing: payment.ErrAlreadyPaid},
	"USERPAYING": {closing: payment.ErrProcessing},

	"ORDER_CLOSED":    {creating: payment.ErrRejected, closing: errDone},
	"ORDERCLOSED":     {creating: payment.ErrRejected, closing: errDone},
	"ORDER_NOT_EXIST": {querying: payment.ErrAbsent, closing: payment.ErrAbsent, refunding: payment.ErrRejected},
	"ORDERNOTEXIST":   {querying: payment.ErrAbsent, closing: payment.ErrAbsent, refunding: payment.ErrRejected},
	"RESOURCE_NOT_EXISTS": {
		querying:       payment.ErrAbsent,
		closing:        payment.ErrAbsent,
		refunding:      payment.ErrRejected,
		queryingRefund: payment.ErrAbsent,
	},

	"OUT_TRADE_NO_USED": {creating: errAsk},
	"INVALID_REQUEST":   {creating: errAsk, closing: errAsk, refunding: errAsk},
	"TRADE_ERROR":       {creating: errAsk, closing: errAsk},

	"PARAM_ERROR":           {creating: errAsk, refunding: payment.ErrRejected},
	"RULE_LIMIT":            {creating: payment.ErrRejected},
	"RULELIMIT":             {creating: payment.ErrRejected},
	"ACCOUNT_ERROR":         {creating: payment.ErrRejected},
	"ACCOUNTERROR":          {creating: payment.ErrRejected},
	"OPENID_MISMATCH":       {creating: payment.ErrRejected},
	"APPID_MCHID_NOT_MATCH": {creating: payment.ErrRejected},
	"MCH_NOT_EXISTS":        {creating: payment.ErrRejected, refunding: payment.ErrRetryLater},
	"NO_AUTH":               {creating: payment.ErrRejected, refunding: payment.ErrRetryLater},
	"NOAUTH":                {creating: payment.ErrRejected, refunding: payment.ErrRetryLater},
	"SIGN_ERROR":            {creating: payment.ErrRetryLater, refunding: payment.ErrRetryLater},

	"NOT_ENOUGH":            {refunding: payment.ErrRetryLater},
	"NOTENOUGH":             {refunding: payment.ErrRetryLater},
	"USER_ACCOUNT_ABNORMAL": {refunding: payment.ErrRejected},
	"TRADE_OVERDUE":         {refunding: payment.ErrRejected},
	"INVALID_TRANSACTIONID": {refunding: payment.ErrRejected},

	"FREQUENCY_LIMITED":  busy,
	"RATELIMIT_EXCEEDED": busy,

	"NO_STATEMENT_EXIST": {listing: errNoTrade},
	"STATEMENT_CREATING": {listing: payment.ErrNoStatement},

	"SYSTEM_ERROR": {},
	"SYSTEMERROR":  {},
	"BANK_ERROR":   {},
	"BANKERROR":    {},
}

var busy = [verbs]error{
	creating:       payment.ErrRetryLater,
	querying:       payment.ErrRetryLater,
	closing:        payment.ErrRetryLater,
	refunding:      payment.ErrRetryLater,
	queryingRefund: payment.ErrRetryLater,
	listing:        payment.ErrRetryLater,
}

// meaning returns what a refusal means for a verb. The refusal itself stays in the chain of errors.
func meaning(v verb, e *apiError) error {
	means := codes[e.Code][v]
	if means == nil {
		return e
	}
	return because(means, e)
}

// because wraps a definite error around its cause, which is for the log only.
func because(means, cause error) error {
	var f *fault.Fault
	if errors.As(means, &f) {
		return f.Because("%w", cause)
	}
	return fmt.Errorf("%w: %w", means, cause)
}
