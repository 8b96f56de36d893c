package media_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/mall/media"
)

func (u *uploads) send(t *testing.T, p media.SignedPart, body []byte) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// sendAll sends every part of a direct upload.
func (u *uploads) sendAll(t *testing.T, up media.Upload, whole []byte) {
	t.Helper()
	var numbers []int
	for n := range (up.Size + up.PartSize - 1) / up.PartSize {
		numbers = append(numbers, int(n)+1)
	}
	signed, err := u.Uploads.SignParts(t.Context(), creator, up.ID, numbers)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range signed {
		if status := u.send(t, p, whole[p.Offset:p.Offset+p.Size]); status != http.StatusOK {
			t.Fatalf("part %d: %d", p.Number, status)
		}
	}
}

func TestUploads_SignParts(t *testing.T) {
	t.Parallel()
	u := openUploads(t, dbtest.Bucket(t), "")
	whole := bytesOf(16<<20 + 5000)
	up := u.begin(t, len(whole))
	if !u.Uploads.Direct() || up.PartSize != 16<<20 || u.Uploads.Origin() == "" {
		t.Fatalf("%+v", up)
	}
	if _, err := u.Uploads.Write(t.Context(), creator, up.ID, 0, bytes.NewReader(whole),
		-1); !errors.Is(err, media.ErrUploadWrongWay) {
		t.Fatalf("through the mall: %v", err)
	}
	signed, err := u.Uploads.SignParts(t.Context(), creator, up.ID, []int{2, 1})
	if err != nil || len(signed) != 2 || signed[0].Size != 5000 || signed[0].Offset != 16<<20 {
		t.Fatalf("%+v, %v", signed, err)
	}
	for _, wrong := range [][]int{{0}, {3}, {-1}, make([]int, 21)} {
		if _, err := u.Uploads.SignParts(t.Context(), creator, up.ID, wrong); !errors.Is(err, media.ErrUploadPart) {
			t.Errorf("part %v: %v", wrong, err)
		}
	}
	if _, err := u.Uploads.SignParts(t.Context(), stranger, up.ID, []int{1}); !errors.Is(err, media.ErrUnknownUpload) {
		t.Errorf("another creator's upload: %v", err)
	}
	if status := u.send(t, signed[0], whole[:4000]); status == http.StatusOK {
		t.Errorf("a part of another size was taken: %d", status)
	}
	if status := u.send(t, media.SignedPart{URL: strings.Replace(signed[0].URL, "partNumber=2", "partNumber=1", 1)},
		whole[:5000]); status != http.StatusForbidden {
		t.Errorf("another part at this one's address: %d", status)
	}
}

func TestUploads_Complete_by_parts(t *testing.T) {
	t.Parallel()
	u := openUploads(t, dbtest.Bucket(t), "")
	whole := bytesOf(16<<20 + 5000)
	up := u.begin(t, len(whole))
	signed, err := u.Uploads.SignParts(t.Context(), creator, up.ID, []int{2, 1})
	if err != nil {
		t.Fatal(err)
	}
	if status := u.send(t, signed[0], whole[16<<20:]); status != http.StatusOK {
		t.Fatalf("part 2: %d", status)
	}
	// The tab was closed. Another one asks which parts have arrived.
	parts, err := u.Uploads.Parts(t.Context(), creator, up.ID)
	if err != nil || len(parts) != 1 || parts[0].Number != 2 || parts[0].Size != 5000 {
		t.Fatalf("%+v, %v", parts, err)
	}
	if at, err := u.Uploads.Get(t.Context(), creator, up.ID); err != nil || at.Offset != 5000 {
		t.Fatalf("%+v, %v", at, err)
	}
	if _, err := u.Uploads.Complete(t.Context(), creator, up.ID); !errors.Is(err, media.ErrUploadShort) {
		t.Fatalf("completed early: %v", err)
	}
	if status := u.send(t, signed[1], whole[:16<<20]); status != http.StatusOK {
		t.Fatalf("part 1: %d", status)
	}
	id, err := u.Uploads.Complete(t.Context(), creator, up.ID)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := u.Uploads.Complete(t.Context(), creator, up.ID); err != nil || again != id {
		t.Fatalf("again: %d, %v", again, err)
	}
	if v, err := u.Videos.Get(t.Context(), creator, id); err != nil || v.Size != int64(len(whole)) {
		t.Fatalf("%+v, %v", v, err)
	}
}

// One upload expires. For the other, the mall crashes after the parts were joined and before the video was made.
func TestUploads_Sweep_by_parts(t *testing.T) {
	t.Parallel()
	u := openUploads(t, dbtest.Bucket(t), "")
	whole := bytesOf(5000)
	late, crashed := u.begin(t, len(whole)), u.begin(t, len(whole))
	u.sendAll(t, late, whole)
	u.sendAll(t, crashed, whole)
	if _, err := u.Uploads.Complete(t.Context(), creator, crashed.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := u.pool.Exec(t.Context(), "update media_upload set state = 'running', video_id = null where id = $1",
		crashed.ID); err != nil {
		t.Fatal(err)
	}
	if at, err := u.Uploads.Get(t.Context(), creator, crashed.ID); err != nil || at.Offset != 5000 {
		t.Fatalf("joined, and no video yet: %+v, %v", at, err)
	}
	if _, err := u.Uploads.Complete(t.Context(), creator, crashed.ID); err != nil {
		t.Fatalf("joined before: %v", err)
	}
	u.ahead.Store(int64(25 * time.Hour))
	if _, err := u.Uploads.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := u.count(t, "media_upload"); n != 0 {
		t.Fatalf("%d uploads left", n)
	}
	again, err := u.Uploads.SignParts(t.Context(), creator, late.ID, []int{1})
	if !errors.Is(err, media.ErrUnknownUpload) {
		t.Fatalf("%+v, %v", again, err)
	}
}
