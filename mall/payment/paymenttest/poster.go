package paymenttest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// tries is how often a notice is posted until it is acknowledged. Providers go on for days.
const tries = 5

// Poster posts notices to a shop until it acknowledges them, which a 2xx alone does. It is safe for concurrent use.
type Poster struct {
	url     string
	client  *http.Client
	posting sync.WaitGroup

	mu      sync.Mutex
	unheard []posted // what the shop hasn't acknowledged
}

type posted struct {
	body   []byte
	header func() http.Header
}

// NewPoster returns a Poster to an address; one to "" posts and keeps nothing.
func NewPoster(url string) *Poster {
	return &Poster{
		url:    url,
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

// Add adds a notice for Deliver to post. Its header is asked for each time that it is posted.
func (p *Poster) Add(body []byte, header func() http.Header) {
	if p.url == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unheard = append(p.unheard, posted{body, header})
}

// Deliver posts what hasn't been acknowledged, the oldest first and a few times, while its caller goes on.
func (p *Poster) Deliver() {
	if p.Unacknowledged() == 0 {
		return
	}
	p.posting.Go(func() {
		for n := range tries {
			if n > 0 {
				time.Sleep(200 * time.Millisecond)
			}
			if p.postAll() == nil {
				return
			}
		}
	})
}

// Wait waits until nothing is being posted.
func (p *Poster) Wait() { p.posting.Wait() }

// Unacknowledged returns how many notices haven't been acknowledged, and are not being posted.
func (p *Poster) Unacknowledged() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.unheard)
}

// postAll posts once what hasn't been acknowledged. Its error names what wasn't acknowledged this time.
func (p *Poster) postAll() error {
	p.mu.Lock()
	list := p.unheard
	p.unheard = nil
	p.mu.Unlock()
	var failed []posted
	var errs []error
	for _, n := range list {
		if err := p.post(n); err != nil {
			failed, errs = append(failed, n), append(errs, err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unheard = append(failed, p.unheard...)
	return errors.Join(errs...)
}

func (p *Poster) post(n posted) error {
	request, err := http.NewRequest(http.MethodPost, p.url, bytes.NewReader(n.body))
	if err != nil {
		return err
	}
	request.Header = n.header()
	answer, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("paymenttest: the notice was answered with %s", answer.Status)
	}
	return nil
}
