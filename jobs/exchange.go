package jobs

import "context"

// measureRates measures how old the exchange rates are by which offered currencies are priced.
func measureRates(ctx context.Context, d Deps) error {
	ages, err := d.Mall.Exchange.Ages(ctx)
	if err != nil {
		return err
	}
	d.Metrics.RateAges(ages)
	return nil
}
