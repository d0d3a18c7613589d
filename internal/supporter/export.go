package supporter

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/field"
)

// Export hands out everything that is kept of a person, as one JSON document that they can be given. Amounts are in
// minor units, times in UTC. Errors are as for Find.
func (s *Service) Export(ctx context.Context, address string) (json.RawMessage, error) {
	address, err := field.Email("address", address)
	if err != nil {
		return nil, err
	}
	var text []byte
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		gifts, err := find(ctx, tx, address)
		if err != nil {
			return err
		}
		// What staff wrote about a dispute is theirs, and PayPal's deliveries say nothing that is not here.
		err = tx.GetContext(ctx, &text, `
			SELECT jsonb_build_object(
			    'address', $2::text, 'exported_at', $3::timestamptz,
			    'at_paypal', (
			        SELECT jsonb_agg(jsonb_build_object(
			            'email', s.email, 'name', s.name, 'country', s.country, 'since', s.created_at))
			        FROM supporter s
			        WHERE s.email = $2 OR s.id IN (SELECT supporter_id FROM contribution WHERE id = ANY($1::uuid[]))),
			    'address_for_receipts', (
			        SELECT jsonb_build_object('name', a.name, 'street', a.street, 'extra', a.extra, 'postcode', a.postcode,
			            'town', a.town, 'country', a.country, 'saved_at', a.updated_at)
			        FROM receipt_address a WHERE a.email = $2),
			    'contributions', (
			        SELECT jsonb_agg(jsonb_build_object(
			            'receipt', c.receipt, 'amount_minor', c.amount_minor, 'currency', c.currency,
			            'frequency', c.frequency, 'status', c.state, 'campaign', k.slug, 'article', c.article,
			            'link', jsonb_build_object('utm_source', c.utm_source, 'utm_medium', c.utm_medium,
			                'utm_campaign', c.utm_campaign, 'utm_term', c.utm_term, 'utm_content', c.utm_content,
			                'variant', c.variant, 'format', c.format, 'section', c.section, 'author', c.author,
			                'article_ref', c.article_ref, 'referrer', c.referrer, 'shared', c.shared),
			            'name', c.name, 'email', c.email, 'message', c.message,
			            'message_after_the_gift', c.later_message, 'language', c.locale,
			            'covered_minor', c.covered_minor, 'tribute', c.tribute, 'tribute_name', c.tribute_name,
			            'may_be_named', CASE c.naming WHEN 'yes' THEN true WHEN 'no' THEN false END,
			            'paypal_order', c.order_id,
			            'started_at', c.created_at, 'completed_at', c.completed_at,
			            'first_charge_at', c.first_charge_at,
			            'make_it_monthly', (SELECT a.answer FROM monthly_answer a WHERE a.contribution_id = c.id),
			            'payments', (
			                SELECT jsonb_agg(jsonb_build_object(
			                    'paypal_id', p.paypal_id, 'status', p.status, 'amount_minor', p.amount_minor,
			                    'currency', p.currency, 'frequency', coalesce(p.frequency, c.frequency),
			                    'at', p.occurred_at) ORDER BY p.id)
			                FROM payment p WHERE p.contribution_id = c.id),
			            'subscriptions', (
			                SELECT jsonb_agg(jsonb_build_object(
			                    'paypal_id', s.paypal_id, 'status', s.state, 'amount_minor', s.amount_minor,
			                    'currency', s.currency, 'frequency', s.frequency, 'next_charge_at', s.next_billing_at,
			                    'paused_until', s.paused_until, 'started_at', s.started_at, 'ended_at', s.ended_at,
			                    'ended_by', s.ended_by) ORDER BY s.recorded_at, s.paypal_id)
			                FROM subscription s WHERE s.contribution_id = c.id),
			            'changes', (
			                SELECT jsonb_agg(jsonb_build_object(
			                    'what', q.kind, 'by', q.by_kind, 'status', q.state, 'amount_minor', q.amount_minor,
			                    'currency', q.currency, 'frequency', q.frequency, 'until', q.until,
			                    'reason', CASE q.by_kind WHEN 'reader' THEN q.reason END, 'asked_at', q.asked_at)
			                    ORDER BY q.asked_at, q.id)
			                FROM subscription_change q WHERE q.contribution_id = c.id),
			            'receipts', (
			                SELECT jsonb_agg(jsonb_build_object(
			                    'number', x.serial, 'kind', x.kind, 'amount_minor', x.amount_minor, 'currency', x.currency,
			                    'name', CASE WHEN to_me.yes OR x.address = '' THEN x.name END,
			                    'address', CASE WHEN to_me.yes THEN x.address END,
			                    'country', x.country, 'issued_at', x.issued_at) ORDER BY x.year, x.number)
			                FROM receipt x,
			                    -- A postal address is told to whom the receipt was mailed, and not to who else paid or typed.
			                    LATERAL (SELECT `+RecipientAddress+` = $2 AS yes) to_me
			                WHERE x.contribution_id = c.id),
			            'refunds', (
			                SELECT jsonb_agg(jsonb_build_object(
			                    'paypal_id', r.paypal_id, 'status', r.status, 'amount_minor', r.amount_minor,
			                    'currency', r.currency, 'at', r.occurred_at) ORDER BY r.id)
			                FROM refund r JOIN payment p ON p.id = r.payment_id WHERE p.contribution_id = c.id)
			        ) ORDER BY c.created_at)
			        FROM contribution c JOIN campaign k ON k.id = c.campaign_id
			        LEFT JOIN supporter s ON s.id = c.supporter_id WHERE c.id = ANY($1::uuid[])),
			    'mails', (
			        SELECT jsonb_agg(jsonb_build_object(
			            'kind', m.kind, 'to', m.recipient, 'name', m.name, 'status', m.state, 'at', m.created_at)
			            ORDER BY m.id)
			        FROM mail m WHERE lower(m.recipient) = $2 AND m.recipient <> ''),
			    'payments_in_paypal', (
			        SELECT jsonb_agg(d.detail ORDER BY d.occurred_at) FROM discrepancy d
			        WHERE lower(d.detail ->> 'payer_email') = $2))`, ids(gifts), address, s.now().UTC())
		if err != nil {
			return fmt.Errorf("export a person's data: %w", err)
		}
		return s.audit(ctx, tx, ActionExport, gifts, nil)
	})
	return text, err
}
