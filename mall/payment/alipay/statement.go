package alipay

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"videomall/mall/payment"
)

// Bounds of a statement, in bytes.
const (
	maxArchive = 256 << 20
	maxFile    = 2 << 30 // unpacked
)

// When the statement of a day is there, from the end of the day on. Alipay makes none of a day without sales, and says
// of it the same as of one that it hasn't made yet; by lateAt, hours after its usual time, it is the former.
const (
	readyAt = 10 * time.Hour
	lateAt  = 12 * time.Hour
)

// Statement yields the payments and refunds of a day in Beijing, also those of other shops of the account. It is there
// from 10:00 of the next day. It is downloaded to a temporary file and read line by line.
//
// Errors: payment.ErrNoStatement.
func (a *Alipay) Statement(ctx context.Context, at time.Time) iter.Seq2[payment.StatementLine, error] {
	return func(yield func(payment.StatementLine, error) bool) {
		y, m, d := at.In(beijing).Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, beijing)
		more := func(l payment.StatementLine) bool { return yield(l, nil) }
		if err := a.statement(ctx, day, more); err != nil && !errors.Is(err, errEnough) {
			yield(payment.StatementLine{}, fmt.Errorf("alipay: statement of %s: %w", day.Format(time.DateOnly), err))
		}
	}
}

// errEnough says that the caller wants no more lines.
var errEnough = errors.New("alipay: enough lines")

func (a *Alipay) statement(ctx context.Context, day time.Time, yield func(payment.StatementLine) bool) error {
	end, now := day.AddDate(0, 0, 1), a.opt.Now()
	if now.Before(end.Add(readyAt)) {
		return payment.ErrNoStatement
	}
	var answer struct {
		URL string `json:"bill_download_url"`
	}
	err := a.call(ctx, callBill, struct {
		BillType string `json:"bill_type"`
		BillDate string `json:"bill_date"`
	}{"trade", day.Format(time.DateOnly)}, nil, &answer)
	if errors.Is(err, payment.ErrNoStatement) && !now.Before(end.Add(lateAt)) {
		return nil
	}
	if err != nil {
		return err
	}
	address, err := a.billAddress(answer.URL)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "alipay-*.zip")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	size, err := a.download(ctx, address, file)
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return fmt.Errorf("read the archive: %w", err)
	}
	return a.unpack(ctx, archive, yield)
}

// billAddress checks where a statement is to be downloaded: the address is Alipay's word for it, and it comes as http.
// The connection is the only protection that a statement has, so it is as secure as that to the gateway.
func (a *Alipay) billAddress(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		return "", errors.New("the address of the statement is no URL")
	}
	if !slices.Contains(a.opt.BillHosts, u.Host) {
		return "", fmt.Errorf("the statement is at the host %.100q, which is not among the configured ones", u.Host)
	}
	if a.gateway.Scheme == "https" {
		u.Scheme = "https"
	}
	return u.String(), nil
}

// download writes the archive into a file and returns its size.
func (a *Alipay) download(ctx context.Context, address string, file io.Writer) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, errors.New("the address of the statement can't be requested")
	}
	response, err := a.client.Do(request)
	if err != nil {
		// The address is as good as a password for 30 s, so it is not repeated.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return 0, fmt.Errorf("download: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("download: HTTP status %d", response.StatusCode)
	}
	size, err := io.Copy(file, io.LimitReader(response.Body, maxArchive+1))
	switch {
	case err != nil:
		return 0, fmt.Errorf("download: %w", err)
	case size > maxArchive:
		return 0, fmt.Errorf("download: more than %d bytes", maxArchive)
	}
	return size, nil
}

// unpack reads the files of an archive that list single movements. The names of the files are in GBK and not promised,
// so a file is known by its columns.
func (a *Alipay) unpack(ctx context.Context, archive *zip.Reader, yield func(payment.StatementLine) bool) error {
	found := false
	for _, file := range archive.File {
		if file.FileInfo().IsDir() {
			continue
		}
		content, err := file.Open()
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		detailed, err := a.bill(ctx, io.LimitReader(content, maxFile), yield)
		if e := content.Close(); err == nil && e != nil {
			err = e
		}
		if err != nil {
			return err
		}
		found = found || detailed
	}
	if !found {
		return errors.New("the archive lists no movements")
	}
	return nil
}
