package checkout

// FlashOf is the message with which the order's page explains why a payment was not opened.
func FlashOf(err error) string { return whyUnopened(err).flash }
