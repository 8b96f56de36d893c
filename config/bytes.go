package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Bytes is a size, written as 500MiB or 20GiB.
type Bytes int64

// The units of a size, the longest name first.
var byteUnits = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

func parseBytes(v string) (Bytes, error) {
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(strings.TrimSpace(v), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			break
		}
		return Bytes(n * u.bytes), nil
	}
	return 0, errors.New("write a size such as 500MiB or 20GiB")
}

// maxUpload is the largest object that S3 stores.
const maxUpload = 5 << 40

func checkUploads(c *Config) error {
	for _, s := range []struct {
		name string
		size Bytes
		most Bytes
	}{{"UPLOAD_MAX", c.UploadMax, maxUpload}, {"UPLOAD_QUOTA", c.UploadQuota, math.MaxInt64}} {
		if s.size < 1<<20 || s.size > s.most {
			return wrong(s.name, strconv.FormatInt(int64(s.size), 10),
				"it must be 1MiB at least, and one file 5TiB at most")
		}
	}
	return nil
}

// Limits of the variables that bound memory, disk and connections.
const (
	minMemory      = 128 << 20
	minCoverMemory = 64 << 20
	maxPerAddress  = 1_000_000
)

func checkBounds(c *Config) error {
	if c.MemoryLimit != 0 && c.MemoryLimit < minMemory {
		return wrong("MEMORY_LIMIT", strconv.FormatInt(int64(c.MemoryLimit), 10), "it must be 128MiB at least")
	}
	if c.CoverMemory < minCoverMemory {
		return wrong("COVER_MEMORY", strconv.FormatInt(int64(c.CoverMemory), 10), "it must be 64MiB at least")
	}
	if c.PerAddress < 0 || c.PerAddress > maxPerAddress {
		return wrong("CONNECTIONS_PER_ADDRESS", strconv.Itoa(c.PerAddress), "it must lie between 0 and %d",
			maxPerAddress)
	}
	return nil
}
