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

// WebhookTypes is what the webhook has to be registered for: of the event types that we work on, those that PayPal
// has. It refuses a webhook with one that it does not know.
func WebhookTypes(ctx context.Context, pp *paypal.Client) ([]string, error) {
	known, err := pp.EventTypes(ctx)
	if err != nil {
		return nil, fmt.Errorf("list event types: %w", err)
	}
	return slices.DeleteFunc(inbox.EventTypes(), func(t string) bool { return !slices.Contains(known, t) }), nil
}

// MissingTypes is what a webhook lacks of the types it has to be registered for.
func MissingTypes(hook paypal.Webhook, types []string) []string {
	if slices.Contains(hook.EventTypes, "*") {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(types), func(t string) bool { return slices.Contains(hook.EventTypes, t) })
}

// RegisterWebhook sees to it that PayPal has a webhook for this service with all the event types it needs: it makes it,
// mends it, or leaves it. It says which, in one word.
func RegisterWebhook(ctx context.Context, pp *paypal.Client, baseURL string) (paypal.Webhook, string, error) {
	address := WebhookURL(baseURL)
	types, err := WebhookTypes(ctx, pp)
	if err != nil {
		return paypal.Webhook{}, "", err
	}
	hooks, err := pp.Webhooks(ctx)
	if err != nil {
		return paypal.Webhook{}, "", fmt.Errorf("list webhooks: %w", err)
	}
	at := slices.IndexFunc(hooks, func(h paypal.Webhook) bool { return h.URL == address })
	if at < 0 {
		hook, err := pp.CreateWebhook(ctx, address, types)
		return hook, "registered", err
	}
	if len(MissingTypes(hooks[at], types)) == 0 {
		return hooks[at], "unchanged", nil
	}
	hook, err := pp.UpdateWebhook(ctx, hooks[at].ID, address, types)
	return hook, "mended", err
}
