package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RateLimits maps "<class of routes>.<what is counted>", such as "order.user", to a limit. What it does not contain is
// not limited.
type RateLimits map[string]RateLimit

// RateLimit allows Requests at once. What was used comes back evenly within Per.
type RateLimit struct {
	Requests int
	Per      time.Duration
}

// Limits of a rate. A limit that allows nothing more for over a day would act as an access list, and one of more than a
// million requests would limit nobody.
const (
	maxRequests    = 1_000_000
	minPer, maxPer = time.Second, 24 * time.Hour
)

// usualLimits returns generous limits: a person who reads and buys as fast as they can stays far below them, and so
// does an office behind one address.
func usualLimits() RateLimits {
	return RateLimits{
		"page.user": {600, time.Minute}, "page.device": {600, time.Minute}, "page.address": {6000, time.Minute},
		"api.user": {600, time.Minute}, "api.device": {600, time.Minute}, "api.address": {6000, time.Minute},
		"order.user": {60, time.Minute}, "order.device": {60, time.Minute}, "order.address": {1200, time.Minute},
		// Coupon codes that do not exist.
		"coupon.user": {10, 15 * time.Minute}, "coupon.device": {10, 15 * time.Minute},
		"coupon.address": {60, 15 * time.Minute},
		"partner.key":    {600, time.Minute}, "partner.address": {6000, time.Minute},
		// Each request is for up to half an hour of video that nobody has paid for.
		"free.user": {30, time.Hour}, "free.device": {30, time.Hour}, "free.address": {300, time.Hour},
	}
}

// parseLimits reads "off", or a list of changes to the usual limits.
func parseLimits(v string) (RateLimits, error) {
	if strings.EqualFold(strings.TrimSpace(v), "off") {
		return RateLimits{}, nil
	}
	limits := usualLimits()
	names := strings.Join(slices.Sorted(maps.Keys(limits)), ", ")
	for s := range strings.SplitSeq(v, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(s), "=")
		if _, known := limits[name]; !ok || !known {
			return nil, fmt.Errorf("write off, or changes such as order.user=10/1m, to one of %s", names)
		}
		if strings.EqualFold(value, "off") {
			limits[name] = RateLimit{} // the name stays known, so that a later change of it is accepted
			continue
		}
		limit, err := parseLimit(value)
		if err != nil {
			return nil, err
		}
		limits[name] = limit
	}
	maps.DeleteFunc(limits, func(_ string, l RateLimit) bool { return l.Requests == 0 })
	return limits, nil
}

func parseLimit(v string) (RateLimit, error) {
	requests, per, _ := strings.Cut(v, "/")
	n, err1 := strconv.Atoi(requests)
	d, err2 := time.ParseDuration(per)
	if err := errors.Join(err1, err2); err != nil || n < 1 || n > maxRequests || d < minPer || d > maxPer {
		return RateLimit{}, fmt.Errorf("write a rate as requests/duration, 1 to %d in %v to %v, such as 60/1m",
			maxRequests, minPer, maxPer)
	}
	return RateLimit{n, d}, nil
}

func fillRateLimits(c *Config) error {
	if c.RateLimits == nil {
		c.RateLimits = usualLimits()
	}
	return nil
}
