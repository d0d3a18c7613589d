package sandbox

import (
	_ "embed"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed product_categories.txt
var categoryList string

// productCategories are the lines of business that a product may be of. Source: catalogs_products_v1.
var productCategories = strings.Fields(categoryList)

// productView is a product on PayPal's wire.
type productView struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type,omitempty"`
	Category    string `json:"category,omitempty"`
	ImageURL    string `json:"image_url,omitempty"`
	HomeURL     string `json:"home_url,omitempty"`
	CreateTime  string `json:"create_time"`
	UpdateTime  string `json:"update_time,omitempty"`
	Links       []link `json:"links"`
}

// createProduct is POST /v1/catalogs/products.
func (s *Server) createProduct(c *call) (reply, error) {
	id, replay, err := s.onceOnly(c, billingMemory, func() (string, error) { return s.makeProduct(c) })
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.products[id]
	if c.wantsAll() {
		return reply{created(replay), s.viewProduct(p)}, nil
	}
	return reply{created(replay), s.viewProductShort(p)}, nil
}

// created is the status of something new, and of something that was made under the same request id before.
func created(replay bool) int {
	if replay {
		return http.StatusOK
	}
	return http.StatusCreated
}

// makeProduct checks the request and enters the product.
func (s *Server) makeProduct(c *call) (string, error) {
	body, err := c.object()
	if err != nil {
		return "", err
	}
	check := &checker{op: c.op}
	p := check.product(body)
	if wrong := check.problem(); wrong != nil {
		return "", wrong
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.ID == "" {
		p.ID = newProductID()
	} else if s.books.products[p.ID] != nil {
		check.refuse("/id", p.ID, "DUPLICATE_RESOURCE_IDENTIFIER")
		return "", check.problem()
	}
	p.Created, p.Updated = s.now(), s.now()
	s.books.products[p.ID] = p
	s.books.productIDs = append(s.books.productIDs, p.ID)
	s.journal.put("product", p.ID, p)
	s.emit(news{"CATALOG.PRODUCT.CREATED", "product", "2.0", "A product was created.", p.ID, s.viewProduct(p)})
	return p.ID, nil
}

// product reads a product as it is sent.
func (c *checker) product(body map[string]any) *product {
	p := &product{
		ID:   c.text(body, "", "id", textRule{min: 6, max: 50}),
		Name: c.text(body, "", "name", textRule{required: true, min: 1, max: 127}),
		Type: c.text(body, "", "type", textRule{
			required: true, min: 1, max: 24, oneOf: []string{"PHYSICAL", "DIGITAL", "SERVICE"},
		}),
	}
	c.productDetails(body, p)
	return p
}

// productDetails reads the members that may be changed later.
func (c *checker) productDetails(body map[string]any, p *product) {
	p.Description = c.text(body, "", "description", textRule{min: 1, max: 256})
	p.Category = c.text(body, "", "category", textRule{min: 4, max: 256, oneOf: productCategories})
	p.ImageURL = c.publicAddress(body, "image_url")
	p.HomeURL = c.publicAddress(body, "home_url")
}

// publicAddress reads a URL that PayPal could open: one of this machine makes the call fail.
func (c *checker) publicAddress(body map[string]any, name string) string {
	text := c.text(body, "", name, textRule{min: 1, max: 2000})
	if text == "" {
		return ""
	}
	address := c.address(body, "", name)
	if u, err := url.Parse(address); address != "" && err == nil {
		ip := net.ParseIP(u.Hostname())
		if u.Hostname() == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate()) {
			c.bad("/"+name, address, badValue)
		}
	}
	return address
}

// showProduct is GET /v1/catalogs/products/{id}.
func (s *Server) showProduct(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.products[c.id()]
	if p == nil {
		return reply{}, notFound(c.op)
	}
	return reply{http.StatusOK, s.viewProduct(p)}, nil
}

// listProducts is GET /v1/catalogs/products.
func (s *Server) listProducts(c *call) (reply, error) {
	page, p := readPage(c)
	if p != nil {
		return reply{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, answer := page.cut(s.books.productIDs)
	for _, id := range ids {
		v := s.viewProductShort(s.books.products[id])
		answer.Products = append(answer.Products, v)
	}
	answer.Links = page.links(s.opts.BaseURL, c.URL)
	return reply{http.StatusOK, answer}, nil
}

// patchProduct is PATCH /v1/catalogs/products/{id}. All steps are taken, or none.
func (s *Server) patchProduct(c *call) (reply, error) {
	steps, err := c.patch()
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.products[c.id()]
	if p == nil {
		return reply{}, notFound(c.op)
	}
	object := map[string]any{}
	for name, text := range map[string]string{
		"description": p.Description, "category": p.Category, "image_url": p.ImageURL, "home_url": p.HomeURL,
	} {
		if text != "" {
			object[name] = text
		}
	}
	check := &checker{op: c.op}
	for _, step := range steps {
		name := strings.TrimPrefix(step.Path, "/")
		switch {
		case !slices.Contains([]string{"description", "category", "image_url", "home_url"}, name):
			check.bad(step.Path, "", "INVALID_PATCH_PATH")
		case step.Op == "remove":
			delete(object, name)
		case step.Op != "add" && step.Op != "replace":
			check.bad(step.Path, step.Op, "UNSUPPORTED_PATCH_OPERATION")
		default:
			object[name] = step.Value
		}
	}
	next := *p
	check.productDetails(object, &next)
	if wrong := check.problem(); wrong != nil {
		return reply{}, wrong
	}
	next.Updated = s.now()
	*p = next
	s.journal.put("product", p.ID, p)
	s.emit(news{"CATALOG.PRODUCT.UPDATED", "product", "2.0", "A product was updated.", p.ID, s.viewProduct(p)})
	return reply{http.StatusNoContent, nil}, nil
}

func (s *Server) viewProductShort(p *product) productView {
	self := s.opts.BaseURL + "/v1/catalogs/products/" + url.PathEscape(p.ID)
	return productView{
		ID: p.ID, Name: p.Name, Description: p.Description, CreateTime: stamp(p.Created),
		Links: []link{{Href: self, Rel: "self", Method: "GET"}, {Href: self, Rel: "edit", Method: "PATCH"}},
	}
}

func (s *Server) viewProduct(p *product) productView {
	v := s.viewProductShort(p)
	v.Type, v.Category, v.ImageURL, v.HomeURL = p.Type, p.Category, p.ImageURL, p.HomeURL
	v.UpdateTime = stamp(p.Updated)
	return v
}
