package stripetest

// movement is a balance transaction.
type movement struct {
	id, kind, category string
	amount, fee        int64
	currency           string
	created            int64
	about              string        // the id of its source; empty for none
	source             func() object // the source as it is now
}

// book writes a movement.
func (s *Server) book(kind, category string, amount, fee int64, currency, about string,
	source func() object,
) *movement {
	made := &movement{
		id: s.id("txn_"), kind: kind, category: category, amount: amount, fee: fee, currency: currency,
		created: s.now().Unix(), about: about, source: source,
	}
	s.movements = append(s.movements, made)
	return made
}

// take books a payment, with a fee of 2.9 % and 30 of the smallest unit, in whole krónur and shillings.
func (s *Server) take(x *intent) {
	fee := min(x.received, x.received*29/1000+30)
	if x.currency == "isk" || x.currency == "ugx" {
		fee -= fee % 100
	}
	s.balance += x.received - fee
	s.book("charge", "charge", x.received, fee, x.currency, x.charge, func() object { return chargeJSON(x) })
}

func (s *Server) listMovements(c call, _ string) (object, *refusal) {
	list, refused := within(c, s.movements, func(x *movement) int64 { return x.created })
	if refused != nil {
		return nil, refused
	}
	whole := c.expands("data.source")
	return page(c, list, func(x *movement) string { return x.id }, func(x *movement) object {
		return movementJSON(x, whole)
	})
}

func movementJSON(x *movement, whole bool) object {
	o := object{
		"id": x.id, "object": "balance_transaction", "type": x.kind, "reporting_category": x.category,
		"amount": x.amount, "fee": x.fee, "net": x.amount - x.fee, "currency": x.currency, "created": x.created,
		"source": nil, "status": "available",
	}
	switch {
	case x.about == "":
	case whole:
		o["source"] = x.source()
	default:
		o["source"] = x.about
	}
	return o
}
