package alipay_test

import (
	"errors"
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
)

// Each refusal of the gateway is answered to a real request.
func TestAlipay_sub_codes(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	p := s.Provider()
	c := payment.Charge{ChannelTxnNo: "2026030122001400000000000007", Amount: money.Of(1290, "CNY")}
	precreate := func() error { _, err := p.Create(t.Context(), request(alipay.MethodQR)); return err }
	page := func() error { _, err := p.Create(t.Context(), request(alipay.MethodPage)); return err }
	query := func() error { _, err := p.Query(t.Context(), ref(alipay.MethodPage)); return err }
	closing := func() error { return p.Close(t.Context(), ref(alipay.MethodPage)) }
	refund := func() error { _, err := p.Refund(t.Context(), refundOf(c, "R1", 100)); return err }
	refundQuery := func() error {
		_, err := p.QueryRefund(t.Context(), refundOf(c, "R1", 100).RefundRef)
		return err
	}
	bill := func() error {
		for _, err := range p.Statement(t.Context(), noon.AddDate(0, 0, -2)) {
			return err
		}
		return nil
	}
	const failed, invalid, down = "40004", "40002", "20000"
	for _, row := range []struct {
		call          func() error
		code, subCode string
		want          error
	}{
		{precreate, failed, "ACQ.TRADE_HAS_SUCCESS", payment.ErrAlreadyPaid},
		{precreate, failed, "ACQ.CONTEXT_INCONSISTENT", nil},
		{precreate, failed, "ACQ.TRADE_BUYER_NOT_MATCH", nil},
		// The attempt is unknown to the stand-in, so looking again says nothing definite.
		{precreate, failed, "ACQ.TRADE_HAS_CLOSE", nil},
		{precreate, failed, "ACQ.TRADE_STATUS_ERROR", nil},
		{precreate, failed, "ACQ.INVALID_PARAMETER", payment.ErrRejected},
		{precreate, failed, "ACQ.TOTAL_FEE_EXCEED", payment.ErrRejected},
		{precreate, failed, "ACQ.EXIST_FORBIDDEN_WORD", payment.ErrRejected},
		{precreate, failed, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", payment.ErrRejected},
		{precreate, failed, "ACQ.CURRENCY_NOT_SUPPORT", payment.ErrRejected},
		{precreate, failed, "ACQ.AMOUNT_OR_CURRENCY_ERROR", payment.ErrRejected},
		{precreate, failed, "ACQ.PRODUCT_AMOUNT_LIMIT_ERROR", payment.ErrRejected},
		{precreate, failed, "ACQ.RESTRICTED_MERCHANT_INDUSTRY", payment.ErrRejected},
		{precreate, failed, "ACQ.MERCHANT_PERM_RECEIPT_SINGLE_LIMIT", payment.ErrRejected},
		{precreate, failed, "ACQ.BEYOND_PER_RECEIPT_SINGLE_RESTRICTION", payment.ErrRejected},
		{precreate, failed, "ACQ.ACCESS_FORBIDDEN", payment.ErrRetryLater},
		{precreate, failed, "ACQ.PARTNER_ERROR", payment.ErrRetryLater},
		{precreate, failed, "ACQ.SELLER_NOT_EXIST", payment.ErrRetryLater},
		{precreate, failed, "ACQ.SELLER_BEEN_BLOCKED", payment.ErrRetryLater},
		{precreate, failed, "ACQ.MERCHANT_AGREEMENT_NOT_EXIST", payment.ErrRetryLater},
		{precreate, failed, "ACQ.MERCHANT_AGREEMENT_INVALID", payment.ErrRetryLater},
		{precreate, failed, "ACQ.MERCHANT_STATUS_NOT_NORMAL", payment.ErrRetryLater},
		{precreate, failed, "ACQ.MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT", payment.ErrRetryLater},
		{precreate, failed, "ACQ.MERCHANT_PERM_RECEIPT_DAY_LIMIT", payment.ErrRetryLater},
		{precreate, failed, "ACQ.BEYOND_PAY_RESTRICTION", payment.ErrRetryLater},
		{precreate, failed, "ACQ.BEYOND_PER_RECEIPT_RESTRICTION", payment.ErrRetryLater},
		{precreate, failed, "ACQ.BEYOND_PER_RECEIPT_DAY_RESTRICTION", payment.ErrRetryLater},

		{query, failed, "ACQ.INVALID_PARAMETER", nil},
		{query, failed, "ACQ.ENTERPRISE_PAY_BIZ_ERROR", nil},
		{page, failed, "ACQ.INVALID_PARAMETER", nil},

		{closing, failed, "ACQ.TRADE_NOT_EXIST", payment.ErrAbsent},
		{closing, failed, "ACQ.TRADE_STATUS_ERROR", payment.ErrAbsent}, // as the stand-in says when asked
		{closing, failed, "ACQ.REASON_TRADE_STATUS_INVALID", payment.ErrAbsent},
		{closing, failed, "ACQ.REASON_ILLEGAL_STATUS", payment.ErrAbsent},
		{closing, failed, "ACQ.TRADE_HAS_CLOSE", payment.ErrAbsent},
		{closing, failed, "ACQ.TRADE_HAS_SUCCESS", payment.ErrAbsent},
		{closing, failed, "ACQ.INVALID_PARAMETER", nil},

		{refund, failed, "ACQ.SELLER_BALANCE_NOT_ENOUGH", payment.ErrRetryLater},
		{refund, failed, "ACQ.REASON_TRADE_BEEN_FREEZEN", payment.ErrRetryLater},
		{refund, failed, "ACQ.REFUND_CHARGE_ERROR", payment.ErrRetryLater},
		{refund, failed, "ACQ.TRADE_NOT_EXIST", payment.ErrRejected},
		{refund, failed, "ACQ.TRADE_STATUS_ERROR", payment.ErrRejected},
		{refund, failed, "ACQ.REASON_TRADE_STATUS_INVALID", payment.ErrRejected},
		{refund, failed, "ACQ.TRADE_HAS_CLOSE", payment.ErrRejected},
		{refund, failed, "ACQ.TRADE_HAS_FINISHED", payment.ErrRejected},
		{refund, failed, "ACQ.TRADE_NOT_ALLOW_REFUND", payment.ErrRejected},
		{refund, failed, "ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND", payment.ErrRejected},
		{refund, failed, "ACQ.NOT_ALLOW_PARTIAL_REFUND", payment.ErrRejected},
		{refund, failed, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", payment.ErrRejected},
		{refund, failed, "ACQ.REASON_TRADE_REFUND_FEE_ERR", payment.ErrRejected},
		{refund, failed, "ACQ.REFUND_FEE_ERROR", payment.ErrRejected},
		{refund, failed, "ACQ.CURRENCY_NOT_SUPPORT", payment.ErrRejected},
		{refund, failed, "ACQ.INVALID_PARAMETER", payment.ErrRejected},
		{refund, failed, "ACQ.BUYER_ERROR", payment.ErrRejected},
		{refund, failed, "ACQ.BUYER_NOT_EXIST", payment.ErrRejected},
		{refund, failed, "ACQ.BUYER_ENABLE_STATUS_FORBID", payment.ErrRejected},
		{refund, failed, "ACQ.CUSTOMER_VALIDATE_ERROR", payment.ErrRejected},
		{refund, failed, "ACQ.USER_NOT_MATCH_ERR", payment.ErrRejected},
		{refund, failed, "ACQ.DISCORDANT_REPEAT_REQUEST", payment.ErrRejected},
		{refund, failed, "ACQ.TRADE_SETTLE_ERROR", nil},
		{refund, failed, "ACQ.ENTERPRISE_PAY_BIZ_ERROR", nil},
		{refund, failed, "ACQ.WHATEVER_COMES_NEXT", nil},
		{refund, failed, "", nil},

		{refundQuery, failed, "ACQ.TRADE_NOT_EXIST", payment.ErrAbsent},
		{refundQuery, failed, "TRADE_NOT_EXIST", payment.ErrAbsent},
		{refundQuery, failed, "ACQ.INVALID_PARAMETER", nil},

		{bill, failed, "invalid_arguments", nil},

		{refund, failed, "ACQ.SYSTEM_ERROR", nil},
		{refund, failed, "AQC.SYSTEM_ERROR", nil},
		{refund, failed, "aop.ACQ.SYSTEM_ERROR", nil},
		{refund, down, "isp.unknow-error", nil},
		{refund, down, "aop.unknow-error", nil},
		{closing, down, "isp.unknow-error", nil},
		{precreate, down, "isp.unknow-error", nil},
		{query, down, "aop.unknow-error", nil},

		{refund, "20001", "aop.invalid-auth-token", payment.ErrRetryLater},
		{refund, "40001", "isv.missing-signature", payment.ErrRetryLater},
		{refund, invalid, "isv.invalid-signature", payment.ErrRetryLater},
		{refund, "40005", "isv.app-call-limited", payment.ErrRetryLater},
		{refund, "40006", "isv.insufficient-isv-permissions", payment.ErrRetryLater},
		{refund, invalid, "ACQ.UNHEARD_OF", nil},
		{refund, failed, "isv.unheard-of", nil},
		{refund, "10003", "", nil},
	} {
		s.Refuse(row.code, row.subCode)
		err := row.call()
		if err == nil {
			t.Errorf("%s %s: no error", row.code, row.subCode)
			continue
		}
		for _, d := range definite {
			if errors.Is(err, d) != (d == row.want) {
				t.Errorf("%s %s: got %v, want %v", row.code, row.subCode, err, row.want)
			}
		}
	}
	s.Refuse("40004", "ACQ.TRADE_NOT_EXIST")
	if c, err := p.Query(t.Context(), ref(alipay.MethodPage)); err != nil || c.Status != payment.ChargeAbsent {
		t.Errorf("%+v, %v", c, err)
	}
	if moved := s.Refunded(attempt); moved != 0 {
		t.Errorf("%d was refunded", moved)
	}
}
