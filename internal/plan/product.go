package plan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"readerfund/internal/paypal"
)

// PayPal's limit on a product id's length, and the prefix of the ids that PayPal generates.
const (
	longestProduct = 50
	payPalsProduct = "PROD-"
)

// ProductID is the id of a service's product when the settings name none. It is derived from the service's address,
// so that all its processes use the same id, also after a restore, and other services on the same PayPal account
// another.
func ProductID(baseURL string) string {
	address := baseURL
	if u, err := url.Parse(baseURL); err == nil {
		address = u.Host + u.Path
	}
	id := "READERFUND-" + strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToUpper(address)), "-")
	if len(id) <= longestProduct {
		return id
	}
	sum := sha256.Sum256([]byte(address))
	return id[:longestProduct-9] + "-" + strings.ToUpper(hex.EncodeToString(sum[:4]))
}

// ensureProduct creates the product, once in each process. A product with an id of PayPal's own already exists.
func (p *Plans) ensureProduct(ctx context.Context) error {
	p.mu.Lock()
	seen := p.product
	p.mu.Unlock()
	if seen || strings.HasPrefix(p.productID, payPalsProduct) {
		return nil
	}
	err := p.paypal.EnsureProduct(ctx, paypal.ProductRequest{ID: p.productID, Name: p.publication, Type: "SERVICE"})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.product = true
	return nil
}
