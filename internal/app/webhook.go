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

// WebhookTypes returns the event types that the webhook has to be registered for: those that we process, as far as
// PayPal offers them. PayPal rejects a webhook with a type that it does not know.
func WebhookTypes(ctx context.Context, pp *paypal.Client) ([]string, error) {
	known, err := pp.EventTypes(ctx)
	if err != nil {
		return nil, fmt.Errorf("list event types: %w", err)
	}
	return slices.DeleteFunc(inbox.EventTypes(), func(t string) bool { return !slices.Contains(known, t) }), nil
}

// MissingTypes returns the types that a webhook has to be registered for and lacks.
func MissingTypes(hook paypal.Webhook, types []string) []string {
	if slices.Contains(hook.EventTypes, "*") {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(types), func(t string) bool { return slices.Contains(hook.EventTypes, t) })
}

// RegisterWebhook ensures that PayPal has a webhook for this service with all the event types it needs: it creates it,
// updates it, or leaves it as it is. It returns which, in one word.
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
