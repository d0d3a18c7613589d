package main

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// bareGive is the plainest handler that does what may not be left out: the intent committed before PayPal hears of it,
// the order asked for with the service's own client, the order committed. It checks nothing, limits nobody, knows no
// campaign, and prepares nothing.
func bareGive(pool *db.DB, client *paypal.Client) http.HandlerFunc {
	type gift struct{ Campaign, Amount, Currency, Frequency, Article string }
	return func(w http.ResponseWriter, r *http.Request) {
		var in gift
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		amount, err := money.Parse(in.Amount, money.Currency(in.Currency))
		if err != nil {
			http.Error(w, "no amount", http.StatusBadRequest)
			return
		}
		id := uuid.Must(uuid.NewV7())
		_, err = pool.ExecContext(r.Context(), `
			INSERT INTO `+bareGifts+` (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article, state,
			                           created_at, updated_at)
			VALUES ($1, $2, '', $1, $3, $4, $5, $6, 'started', $7, $7)`,
			id, "B-"+id.String(), in.Frequency, amount.Minor, in.Currency, in.Article, time.Now())
		if err != nil {
			http.Error(w, "not stored", http.StatusServiceUnavailable)
			return
		}
		order, err := client.CreateOrder(r.Context(), paypal.OrderRequest{
			RequestID: id.String(), CustomID: id.String(), InvoiceID: "B-" + id.String(), Description: "Contribution", Amount: amount,
			BrandName: "The Bench Press", ReturnURL: "http://readerfund.example/return", CancelURL: "http://readerfund.example/cancel",
		})
		if err != nil {
			http.Error(w, "PayPal does not make the order", http.StatusBadGateway)
			return
		}
		_, err = pool.ExecContext(r.Context(), `
			UPDATE `+bareGifts+` SET state = 'created', order_id = $2, approve_url = $3, updated_at = $4 WHERE id = $1`,
			id, order.ID, order.ApproveURL, time.Now())
		if err != nil {
			http.Error(w, "not stored", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": id.String(), "status": "created", "approve_url": order.ApproveURL})
	}
}
