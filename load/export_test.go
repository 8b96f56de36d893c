package load

import (
	"net/http"
	"time"
)

// Arrivals and Client let tests look at what a crowd is made of.
func (p Plan) Arrivals() []time.Duration { return p.arrivals() }

func (a Address) Client() *http.Client { return a.client(4, time.Minute) }
