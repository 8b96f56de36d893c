package wechatpay

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha1" // not ours to choose: it is the hash that WeChat Pay gives
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"videomall/mall/payment"
)

// readyAt is the time of the next day, in Beijing, from which the bill of a day can be had.
const readyAt = 10 * time.Hour

// certainAfter is how long after readyAt the answer that there is no bill is believed to mean that nothing was traded,
// which is how WeChat Pay documents it. Before that, it may as well be late.
const certainAfter = 2 * time.Hour

// maxBill is the size in bytes of the unzipped file above which it is refused: some four million lines.
const maxBill = 1 << 30

// Statement reads the bill of all trades of a day in Beijing, of the last three months. It is written to a temporary
// file and verified as a whole before the first line is yielded; at no time is more than a line of it in memory. A day
// without any trade has no bill, and yields nothing from noon of the next day.
//
// A refund is in the bill of the day on which WeChat Pay accepted it, whether it has reached the payer by then or not;
// only one that had failed by the time of the bill is left out. If it fails later, no bill says so.
func (w *WeChatPay) Statement(ctx context.Context, at time.Time) iter.Seq2[payment.StatementLine, error] {
	return func(yield func(payment.StatementLine, error) bool) {
		year, month, day := at.In(zone).Date()
		date := time.Date(year, month, day, 0, 0, 0, 0, zone)
		fail := func(err error) {
			yield(payment.StatementLine{}, fmt.Errorf("wechatpay: statement of %s: %w", date.Format(time.DateOnly),
				err))
		}
		ready := date.AddDate(0, 0, 1).Add(readyAt)
		if w.opt.Now().Before(ready) {
			fail(fmt.Errorf("%w: it is made at %s", payment.ErrNoStatement, ready.Format(time.RFC3339)))
			return
		}
		file, err := w.fetch(ctx, date)
		if errors.Is(err, errNoTrade) {
			if w.opt.Now().Before(ready.Add(certainAfter)) {
				fail(because(payment.ErrNoStatement, err))
			}
			return
		}
		if err != nil {
			fail(err)
			return
		}
		defer func() {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}()
		for line, err := range w.lines(file) {
			if err != nil {
				fail(err)
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

// bill says where a bill can be downloaded, and what its unzipped content hashes to.
type bill struct {
	HashType    string `json:"hash_type"`
	HashValue   string `json:"hash_value"`
	DownloadURL string `json:"download_url"`
}

// fetch downloads and verifies the bill of a day. The caller closes and removes the file, which is at its beginning.
// Errors: errNoTrade, payment.ErrNoStatement.
func (w *WeChatPay) fetch(ctx context.Context, date time.Time) (*os.File, error) {
	query := url.Values{
		"bill_date": {date.Format(time.DateOnly)},
		"bill_type": {"ALL"},
		"tar_type":  {"GZIP"},
	}
	var b bill
	if err := w.call(ctx, listing, http.MethodGet, "/v3/bill/tradebill?"+query.Encode(), nil, &b); err != nil {
		return nil, err
	}
	want, err := hex.DecodeString(b.HashValue)
	if err != nil || b.HashType != "SHA1" || len(want) != sha1.Size {
		return nil, fmt.Errorf("hash %.60q of type %.20q", b.HashValue, b.HashType)
	}
	if err := w.downloadable(b.DownloadURL); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(w.opt.TempDir, "wechatpay-*.csv")
	if err != nil {
		return nil, err
	}
	got, err := w.downloadTo(ctx, file, b.DownloadURL)
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("the file hashes to %x, not to %x", got, want)
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = file.Close()
		_ = os.Remove(file.Name())
		return nil, err
	}
	return file, nil
}

// downloadable refuses an address to which we would not send a signed request.
func (w *WeChatPay) downloadable(address string) error {
	u, err := url.Parse(address)
	if err != nil || !w.opt.secure(u) || u.User != nil {
		return fmt.Errorf("download_url %.200q", address)
	}
	if u.Scheme == w.base.Scheme && u.Host == w.base.Host {
		return nil
	}
	for _, host := range w.opt.DownloadHosts {
		if u.Host == host || strings.HasPrefix(host, ".") && strings.HasSuffix(u.Host, host) {
			return nil
		}
	}
	return fmt.Errorf("download_url is at %.100q, which is not among DownloadHosts", u.Host)
}

// downloadTo writes the unzipped file and returns its SHA-1. The answer is not signed: the hash came in one that is.
func (w *WeChatPay) downloadTo(ctx context.Context, file io.Writer, address string) ([]byte, error) {
	k, err := w.keys()
	if err != nil {
		return nil, err
	}
	resp, err := w.send(ctx, k, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the download answers %d", resp.StatusCode)
	}
	body := bufio.NewReader(resp.Body)
	var unzipped io.Reader = body
	// If the answer said Content-Encoding: gzip, the HTTP client has unzipped it.
	if magic, err := body.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		if unzipped, err = gzip.NewReader(body); err != nil {
			return nil, err
		}
	}
	hash := sha1.New()
	n, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(unzipped, maxBill+1))
	if err != nil {
		return nil, err
	}
	if n > maxBill {
		return nil, fmt.Errorf("the file has more than %d bytes", maxBill)
	}
	return hash.Sum(nil), nil
}
