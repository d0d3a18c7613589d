package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
)

// page is the part of a list that a caller wants to see.
type page struct {
	number, size int
	total        bool // say how many there are
	count        int
}

// pageView is one page of products or plans.
type pageView struct {
	Products   []productView `json:"products,omitempty"`
	Plans      []planView    `json:"plans,omitempty"`
	TotalItems *int          `json:"total_items,omitempty"`
	TotalPages *int          `json:"total_pages,omitempty"`
	Links      []link        `json:"links"`
}

// readPage reads the parameters that both lists have.
func readPage(c *call) (*page, *problem) {
	query := c.URL.Query()
	check := &checker{op: c.op}
	number := func(name string, otherwise, most int) int {
		if !query.Has(name) {
			return otherwise
		}
		n, err := strconv.Atoi(query.Get(name))
		if err != nil || n < 1 || n > most {
			check.badQuery(name, query.Get(name))
		}
		return n
	}
	p := &page{number: number("page", 1, 100_000), size: number("page_size", 10, 20)}
	if query.Has("total_required") {
		var err error
		if p.total, err = strconv.ParseBool(query.Get("total_required")); err != nil {
			check.badQuery("total_required", query.Get("total_required"))
		}
	}
	return p, check.problem()
}

// badQuery notes a parameter of the query that is no good.
func (c *checker) badQuery(name, text string) {
	c.malformed = append(c.malformed, detail{name, text, "query", badValue, describe(c.op, badValue)})
}

// cut gives the ids on the page, the newest first, and the answer to put them into.
func (p *page) cut(ids []string) ([]string, *pageView) {
	p.count = len(ids)
	answer := &pageView{}
	if p.total {
		pages := p.pages()
		answer.TotalItems, answer.TotalPages = &p.count, &pages
	}
	var found []string
	for i := (p.number - 1) * p.size; i < min(p.number*p.size, p.count); i++ {
		found = append(found, ids[p.count-1-i])
	}
	return found, answer
}

func (p *page) pages() int { return (p.count + p.size - 1) / p.size }

// links lead to this page and to those around it.
func (p *page) links(base string, address *url.URL) []link {
	to := func(rel string, number int) link {
		query := address.Query()
		query.Set("page", strconv.Itoa(number))
		query.Set("page_size", strconv.Itoa(p.size))
		return link{Href: base + address.Path + "?" + query.Encode(), Rel: rel, Method: http.MethodGet}
	}
	links := []link{to("self", p.number)}
	if p.number > 1 {
		links = append(links, to("first", 1), to("prev", p.number-1))
	}
	if p.number < p.pages() {
		links = append(links, to("next", p.number+1), to("last", p.pages()))
	}
	return links
}
