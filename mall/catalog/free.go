package catalog

import (
	"context"
	"fmt"
)

// FreeRest is how many seconds of a video must be left to buy. A segment of it is a few seconds long and is given
// whole.
const FreeRest = 10

// FreeSeconds is how many seconds of a video are free: those that its listing names, where enough of the video is left
// to buy, else none. A video may have been replaced by a shorter one.
func FreeSeconds(seconds, duration int) int {
	if seconds+FreeRest > duration {
		return 0
	}
	return seconds
}

// FreeMinutes is the packaged video of a listing that is on sale and how many seconds of its begin anybody may watch;
// both are 0 where nothing is free. It is read anew each time: a listing that was taken down gives nothing away from
// that moment on.
func (c *Catalog) FreeMinutes(ctx context.Context, spuID int64) (assetID int64, seconds int, err error) {
	r, err := c.queries.FreeMinutes(ctx, c.pools.Primary, spuID)
	if missing(err) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("free minutes of SPU %d: %w", spuID, err)
	}
	if seconds = FreeSeconds(int(r.FreeSeconds), int(r.DurationSeconds)); seconds == 0 {
		return 0, 0, nil
	}
	return *r.AssetID, seconds, nil
}
