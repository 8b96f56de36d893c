package calendar_test

import (
	"fmt"
	"time"

	"videomall/mall/calendar"
)

// The length of a day depends on its zone: when clocks go forward in Berlin, it has 23 hours.
func ExampleZone_Starts() {
	berlin, _ := calendar.Find("Europe/Berlin")
	day := time.Date(2026, time.March, 29, 0, 0, 0, 0, time.UTC)
	starts := berlin.Starts(day, day)
	fmt.Println(starts[0].UTC().Format(time.RFC3339))
	fmt.Println(starts[1].Sub(starts[0]))
	// Output:
	// 2026-03-28T23:00:00Z
	// 23h0m0s
}

// A sale in the last hour of a month in UTC belongs to the next month in Shanghai.
func ExampleZone_MonthOf() {
	sold := time.Date(2026, time.October, 31, 23, 30, 0, 0, time.UTC)
	shanghai, ok := calendar.Find("Asia/Shanghai")
	fmt.Println(ok, shanghai.MonthOf(sold).Format("2006-01"), calendar.UTC.MonthOf(sold).Format("2006-01"))
	// Output: true 2026-11 2026-10
}

func ExampleFind() {
	_, ok := calendar.Find("Mars/Olympus_Mons")
	fmt.Println(ok)
	// Output: false
}
