package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// ProductRequest is what a product is to say. ID is our own, of 6 to 50 characters and not beginning with PROD-; Name
// is cut at 127 characters, Description at 256. Type and Category are PayPal's words ("SERVICE", "NONPROFIT"). HomeURL
// is left out when empty, and must be one that PayPal can open when it is not.
type ProductRequest struct{ ID, Name, Description, Type, Category, HomeURL string }

// maxProduct is how many characters PayPal takes of a product's description.
const maxProduct = 256

// EnsureProduct makes a product, or leaves the one alone that has this id already. So it may be called any number of
// times: PayPal forgets a request id after three days, and never a product.
func (c *Client) EnsureProduct(ctx context.Context, r ProductRequest) error {
	const operation = "create product"
	if err := checkID(operation, r.ID); err != nil {
		return err
	}
	err := c.do(ctx, call{
		operation: operation, method: http.MethodPost, path: "/v1/catalogs/products", idempotent: true,
		in: productJSON{
			ID: r.ID, Name: oneLine(r.Name, maxText), Description: oneLine(r.Description, maxProduct),
			Type: r.Type, Category: r.Category, HomeURL: r.HomeURL,
		},
		read: func(body []byte) error {
			var in productJSON
			if err := json.Unmarshal(body, &in); err != nil {
				return err
			}
			if in.ID != r.ID {
				return errors.New("it is another product than the one asked for")
			}
			return nil
		},
	})
	if HasIssue(err, "DUPLICATE_RESOURCE_IDENTIFIER") {
		return nil
	}
	return err
}

type productJSON struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type"`
	Category    string `json:"category,omitempty"`
	HomeURL     string `json:"home_url,omitempty"`
}
