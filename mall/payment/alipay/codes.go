package alipay

import (
	"errors"
	"fmt"
	"strings"

	"videomall/mall/payment"
)

// codeError is a signed refusal of the gateway.
type codeError struct {
	method string
	result
}

// text is the refusal for logs, cut short: the gateway quotes requests in some of its messages.
func (e *codeError) text() string {
	return fmt.Sprintf("code %.20q, sub code %.100q: %.200q", e.Code, e.SubCode, e.SubMsg)
}

func (e *codeError) Error() string { return "alipay: " + e.method + ": " + e.text() }

// Unwrap returns the definite error that the sub code stands for, or nil.
func (e *codeError) Unwrap() error { return meaning(e.method, e.Code, e.SubCode) }

// errLookAgain says that the charge is in a state in which the request makes no sense. Which one, a query tells.
var errLookAgain = errors.New("alipay: the charge is in another state")

// key names a row of the table.
type key struct{ method, subCode string }

// meanings says what the sub codes stand for, by method. A nil stands for "unknown": the request may have been carried
// out, or may yet be. So does a code that isn't in the table.
var meanings = map[key]error{
	// A charge with this number exists. The first two say that it has ended, the others that it was opened with other
	// arguments or by another payer: it may still be paid, so it is not refused.
	{callPrecreate, "ACQ.TRADE_HAS_SUCCESS"}:     payment.ErrAlreadyPaid,
	{callPrecreate, "ACQ.TRADE_HAS_CLOSE"}:       errLookAgain,
	{callPrecreate, "ACQ.TRADE_STATUS_ERROR"}:    errLookAgain,
	{callPrecreate, "ACQ.CONTEXT_INCONSISTENT"}:  nil,
	{callPrecreate, "ACQ.TRADE_BUYER_NOT_MATCH"}: nil,
	// The request is wrong, and always will be.
	{callPrecreate, "ACQ.INVALID_PARAMETER"}:                payment.ErrRejected,
	{callPrecreate, "ACQ.TOTAL_FEE_EXCEED"}:                 payment.ErrRejected,
	{callPrecreate, "ACQ.EXIST_FORBIDDEN_WORD"}:             payment.ErrRejected,
	{callPrecreate, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR"}: payment.ErrRejected,
	{callPrecreate, "ACQ.CURRENCY_NOT_SUPPORT"}:             payment.ErrRejected,
	{callPrecreate, "ACQ.AMOUNT_OR_CURRENCY_ERROR"}:         payment.ErrRejected,
	{callPrecreate, "ACQ.PRODUCT_AMOUNT_LIMIT_ERROR"}:       payment.ErrRejected,
	{callPrecreate, "ACQ.RESTRICTED_MERCHANT_INDUSTRY"}:     payment.ErrRejected,
	// The merchant may not take it now: no contract, a blocked account, a limit for one charge, a day or a month.
	{callPrecreate, "ACQ.ACCESS_FORBIDDEN"}:                      payment.ErrRetryLater,
	{callPrecreate, "ACQ.PARTNER_ERROR"}:                         payment.ErrRetryLater,
	{callPrecreate, "ACQ.SELLER_NOT_EXIST"}:                      payment.ErrRetryLater,
	{callPrecreate, "ACQ.SELLER_BEEN_BLOCKED"}:                   payment.ErrRetryLater,
	{callPrecreate, "ACQ.MERCHANT_AGREEMENT_NOT_EXIST"}:          payment.ErrRetryLater,
	{callPrecreate, "ACQ.MERCHANT_AGREEMENT_INVALID"}:            payment.ErrRetryLater,
	{callPrecreate, "ACQ.MERCHANT_STATUS_NOT_NORMAL"}:            payment.ErrRetryLater,
	{callPrecreate, "ACQ.MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT"}:   payment.ErrRetryLater,
	{callPrecreate, "ACQ.MERCHANT_PERM_RECEIPT_SINGLE_LIMIT"}:    payment.ErrRejected,
	{callPrecreate, "ACQ.MERCHANT_PERM_RECEIPT_DAY_LIMIT"}:       payment.ErrRetryLater,
	{callPrecreate, "ACQ.BEYOND_PAY_RESTRICTION"}:                payment.ErrRetryLater,
	{callPrecreate, "ACQ.BEYOND_PER_RECEIPT_RESTRICTION"}:        payment.ErrRetryLater,
	{callPrecreate, "ACQ.BEYOND_PER_RECEIPT_SINGLE_RESTRICTION"}: payment.ErrRejected,
	{callPrecreate, "ACQ.BEYOND_PER_RECEIPT_DAY_RESTRICTION"}:    payment.ErrRetryLater,

	{callQuery, "ACQ.TRADE_NOT_EXIST"}:          payment.ErrAbsent,
	{callQuery, "ACQ.INVALID_PARAMETER"}:        nil,
	{callQuery, "ACQ.ENTERPRISE_PAY_BIZ_ERROR"}: nil,

	// Only a charge that waits for its payer can be closed.
	{callClose, "ACQ.TRADE_NOT_EXIST"}:             payment.ErrAbsent,
	{callClose, "ACQ.TRADE_STATUS_ERROR"}:          errLookAgain,
	{callClose, "ACQ.REASON_TRADE_STATUS_INVALID"}: errLookAgain,
	{callClose, "ACQ.REASON_ILLEGAL_STATUS"}:       errLookAgain,
	{callClose, "ACQ.TRADE_HAS_CLOSE"}:             errLookAgain,
	{callClose, "ACQ.TRADE_HAS_SUCCESS"}:           errLookAgain,
	{callClose, "ACQ.INVALID_PARAMETER"}:           nil,

	// Nothing was refunded, and the same request may succeed: once the merchant's account has been topped up, the frozen
	// charge released, or Alipay's fee can be given back.
	{callRefund, "ACQ.SELLER_BALANCE_NOT_ENOUGH"}: payment.ErrRetryLater,
	{callRefund, "ACQ.REASON_TRADE_BEEN_FREEZEN"}: payment.ErrRetryLater,
	{callRefund, "ACQ.REFUND_CHARGE_ERROR"}:       payment.ErrRetryLater,
	// Nothing was refunded, and never will be: the charge is in a state without refunds, less is left than was asked
	// for, the payer's account is gone.
	{callRefund, "ACQ.TRADE_NOT_EXIST"}:                       payment.ErrRejected,
	{callRefund, "ACQ.TRADE_STATUS_ERROR"}:                    payment.ErrRejected,
	{callRefund, "ACQ.REASON_TRADE_STATUS_INVALID"}:           payment.ErrRejected,
	{callRefund, "ACQ.TRADE_HAS_CLOSE"}:                       payment.ErrRejected,
	{callRefund, "ACQ.TRADE_HAS_FINISHED"}:                    payment.ErrRejected,
	{callRefund, "ACQ.TRADE_NOT_ALLOW_REFUND"}:                payment.ErrRejected,
	{callRefund, "ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND"}: payment.ErrRejected,
	{callRefund, "ACQ.NOT_ALLOW_PARTIAL_REFUND"}:              payment.ErrRejected,
	{callRefund, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"}:            payment.ErrRejected,
	{callRefund, "ACQ.REASON_TRADE_REFUND_FEE_ERR"}:           payment.ErrRejected,
	{callRefund, "ACQ.REFUND_FEE_ERROR"}:                      payment.ErrRejected,
	{callRefund, "ACQ.CURRENCY_NOT_SUPPORT"}:                  payment.ErrRejected,
	{callRefund, "ACQ.INVALID_PARAMETER"}:                     payment.ErrRejected,
	{callRefund, "ACQ.BUYER_ERROR"}:                           payment.ErrRejected,
	{callRefund, "ACQ.BUYER_NOT_EXIST"}:                       payment.ErrRejected,
	{callRefund, "ACQ.BUYER_ENABLE_STATUS_FORBID"}:            payment.ErrRejected,
	{callRefund, "ACQ.CUSTOMER_VALIDATE_ERROR"}:               payment.ErrRejected,
	{callRefund, "ACQ.USER_NOT_MATCH_ERR"}:                    payment.ErrRejected,
	// A refund with this number was made, over another sum.
	{callRefund, "ACQ.DISCORDANT_REPEAT_REQUEST"}: payment.ErrRejected,
	{callRefund, "ACQ.TRADE_SETTLE_ERROR"}:        nil,
	{callRefund, "ACQ.ENTERPRISE_PAY_BIZ_ERROR"}:  nil,

	{callRefundQuery, "ACQ.TRADE_NOT_EXIST"}:   payment.ErrAbsent,
	{callRefundQuery, "TRADE_NOT_EXIST"}:       payment.ErrAbsent,
	{callRefundQuery, "ACQ.INVALID_PARAMETER"}: nil,

	// Of a day without sales there is no statement either. The gateway sends the first code and documents the second.
	{callBill, "isp.bill_not_exist"}: payment.ErrNoStatement,
	{callBill, "BILL_NOT_EXIST"}:     payment.ErrNoStatement,
	{callBill, "invalid_arguments"}:  nil,

	// Of any method.
	{"", "ACQ.SYSTEM_ERROR"}:     nil,
	{"", "AQC.SYSTEM_ERROR"}:     nil,
	{"", "aop.ACQ.SYSTEM_ERROR"}: nil,
	{"", "isp.unknow-error"}:     nil,
	{"", "aop.unknow-error"}:     nil,
}

// meaning returns the definite error that a refusal stands for, or nil if it leaves open what happened.
func meaning(method, code, subCode string) error {
	if m, listed := meanings[key{method, subCode}]; listed {
		return m
	}
	if m, listed := meanings[key{"", subCode}]; listed {
		return m
	}
	switch code {
	case "20001", "40001", "40002", "40005", "40006":
		// The gateway turned the request away before it did anything: the application's authorisation, keys, parameters
		// or permissions are wrong, or it makes too many calls. All of these are set right by hand or by waiting.
		if strings.HasPrefix(subCode, "isv.") || strings.HasPrefix(subCode, "aop.") {
			return payment.ErrRetryLater
		}
	}
	return nil
}
