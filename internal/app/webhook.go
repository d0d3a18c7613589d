package app

import (
	"context"
	"fmt"
	"slices"

	"readerfund/internal/inbox"
	"readerfund/internal/paypal"
)

// WebhookURL is where PayPal's webhooks reach the service.
func WebhookURL(baseURL string) string { return baseURL + "/webhooks/paypal" }

// RegisterWebhook sees to it that PayPal has a webhook for this service with all the event types it needs: it makes it,
// mends it, or leaves it. It says which, in one word.
func RegisterWebhook(ctx context.Context, pp *paypal.Client, baseURL string) (paypal.Webhook, string, error) {
	address, types := WebhookURL(baseURL), inbox.EventTypes()
	hooks, err := pp.Webhooks(ctx)
	if err != nil {
		return paypal.Webhook{}, "", fmt.Errorf("list webhooks: %w", err)
	}
	at := slices.IndexFunc(hooks, func(h paypal.Webhook) bool { return h.URL == address })
	if at < 0 {
		hook, err := pp.CreateWebhook(ctx, address, types)
		return hook, "registered", err
	}
	has := func(t string) bool { return slices.Contains(hooks[at].EventTypes, t) }
	if has("*") || !slices.ContainsFunc(types, func(t string) bool { return !has(t) }) {
		return hooks[at], "unchanged", nil
	}
	hook, err := pp.UpdateWebhook(ctx, hooks[at].ID, address, types)
	return hook, "mended", err
}
