// Package sandbox emulates the part of PayPal's REST API that takes money from readers, once or again and again: OAuth
// tokens, orders, captures and refunds (v2), products, plans and subscriptions, sales (v1), transaction search,
// webhooks with signed deliveries, the pages on which a payer agrees, and test hooks under /sandbox/ that PayPal does
// not have. It is written from PayPal's documents and recorded answers, and imports nothing of ours, so that the wire
// is read twice, independently. It never links into the production binary.
//
// # Where PayPal's documents are silent
//
// These are decisions, not facts. A client should survive either answer.
//
//   - PayPal "returns the latest status of the previous request" with a PayPal-Request-Id, and lets those that failed
//     with a time-out or 5xx be sent again. So a refusal (422) is given again under its id for as long as a success is,
//     and the payer's next choice needs another id; any other failure (malformed, not allowed, not found, too many,
//     5xx) is not remembered. A refusal that PayPal-Mock-Response asks for is neither carried out nor remembered. The
//     same id with another body gets the first result. Of several at once one works and the others wait for it and get
//     the replay; 409 PREVIOUS_REQUEST_IN_PROGRESS comes only by PayPal-Mock-Response. A replayed refund is answered
//     200.
//   - The replay of a create whose order has expired since is still 200 with the last state, although GET says 404.
//   - An order that waits for its payer, CREATED or PAYER_ACTION_REQUIRED, is refused a capture with
//     ORDER_NOT_APPROVED; PAYER_ACTION_REQUIRED comes from the outcome "payer_action". After INSTRUMENT_DECLINED the
//     order stays APPROVED and is declined again until the payer chooses again. The way back (rel=redirect) is among
//     the error's own links, beside the one to the documentation, as PayPal's answers that people have published have
//     it.
//   - Cancelling changes nothing about the order: the payer may come back and approve.
//   - DUPLICATE_INVOICE_ID is raised at create and at capture, for an invoice_id whose payment is not declined.
//   - DECIMALS_NOT_SUPPORTED is raised for orders, too, although the document of Orders v2 does not list it.
//   - A pending capture has no seller_receivable_breakdown at all; a declined one has fee and net although no money
//     moved, with processor response 5120. Both are as recorded. The ledger gives both a fee of zero.
//   - A fee is never more than the payment. It is not given back with a refund, whose own fee is zero, unless the test
//     hook says so.
//   - A pending refund cannot be refunded again, but the capture shows it only when it has arrived; when it fails, all
//     is as before. PAYMENT.REFUND.PENDING and PAYMENT.REFUND.FAILED tell of it, PAYMENT.CAPTURE.REFUNDED when it
//     arrives.
//   - What the seller gets of a payment in another currency is converted, if the payer's choice of the test says so,
//     net of the fee and rounded half up; two movements T0200 show it. Refunds and holds stay in the currency of the
//     payment.
//   - The list of events goes on after the last event of the page before (index_id), with the names that published
//     links have.
//   - A reversal (chargeback, or a dispute that the buyer won) is kept as a refund, shows as REFUNDED or
//     PARTIALLY_REFUNDED with status_details CHARGEBACK or BUYER_COMPLAINT, and ends further refunds.
//   - A dispute that is a claim (CHARGEBACK) holds the disputed amount back, T1110, until it ends, T1111; an inquiry
//     holds nothing. The hold is in transaction search alone, not in money_movements, which have no reason for it. A
//     lost dispute costs the fee that the test named, if it named one, as CHARGEBACK_FEE and T0106. A refund of all
//     that is left ends a dispute for the buyer.
//   - A claim may be accepted at either stage, while the seller is asked; the outcome is RESOLVED_BUYER_FAVOUR, and the
//     money goes back by a reversal. Evidence makes the dispute UNDER_REVIEW, and only then it can be adjudicated. No
//     dispute ends by itself when its term is over. What the seller does about a dispute is not remembered under its
//     PayPal-Request-Id: said again, it is refused with ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE. Uploaded files are
//     not looked at.
//   - A sale is served by its one id as a sale of v1, as a capture of v2 without an order, in its subscription's list
//     and in transaction search, T0002, there with the subscription's custom_id (POST /sandbox/billing leaves it out).
//     v1 knows neither the captures of orders nor their refunds. Whichever version refunds it, PAYMENT.SALE.REFUNDED
//     tells.
//   - A subscription is charged in a run that begins at 10:00 UTC on the day of next_billing_time and takes six hours.
//     The first payment is made with the activation, before ACTIVATED is told, and its sale after it. At the end of a
//     month the day is held to the month's last, or drifts into the next month.
//   - A set-up fee is a payment of its own, made with the activation and before the first cycle's, also when the start
//     lies ahead or a free trial comes first; PayPal's staff said so of the API before (PayPal-Java-SDK, issue 185).
//     Where it fails, ACTIVATED and PAYMENT.FAILED are followed by CANCELLED, or with CONTINUE the fee is outstanding.
//   - A plan's tax is added to the price of a cycle, or a part of it where inclusive says so, rounded half up; shipping
//     and set-up fee are not taxed. A sale's details and the list of transactions name tax and shipping where there are
//     any. What was outstanding is in neither.
//   - A payment that fails is tried again on the fifth and the tenth day after it was due, as long as the next one is
//     not due before; next_billing_time is then that of the next attempt. PAYMENT.FAILED tells of each attempt. After
//     the last its amount is outstanding, and the cycle counts as completed. failed_payments_count counts from the
//     first attempt that failed, but only a payment with all its attempts (or, by POST /sandbox/billing, each attempt)
//     can reach the threshold. A payment, also of an outstanding balance, sets it back.
//   - What is suspended is not charged later: the next payment is on the next of its days. A payer who puts a card in
//     order after failures has the subscription ACTIVE again, and pays what is outstanding if auto_bill_outstanding
//     says so. An outstanding balance can be captured in parts, and lasts when the subscription ends.
//   - Failed attempts are not in a subscription's list. A sale that was denied stays as it was counted.
//   - The last cycle of a finite subscription ends it at once: EXPIRED follows its sale.
//   - Funds that are held back are as good as paid; only payment_hold_status tells, and a second event when they are
//     let go.
//   - CHECKOUT.PAYMENT-APPROVAL.REVERSED carries the order's id in order_id. A declined capture is told as
//     PAYMENT.CAPTURE.DECLINED, the name of v2, never as DENIED.
//   - Each attempt of a delivery has a transmission id, time and signature of its own; event id and body stay the same.
//     Transmission times are by the sandbox's clock. The waits between attempts grow by 1.36 from Options.RetryUnit, by
//     the machine's clock; the 25 attempts end early when the event is three days old by the sandbox's clock.
//   - verify-webhook-signature looks at webhook_event byte for byte as it stands in the request.
//   - The certificate's address serves the leaf alone, as PayPal's does; GET /sandbox/ca.pem has the root and, behind
//     it, the intermediate that a verifier needs.
//   - The simulator signs under the webhook id WEBHOOK_ID, as PayPal's does, but with the same certificate as the rest.
//   - Transaction search lists the oldest first, by the second in which a transaction began, and each as it stands now:
//     what its lag hides is whole transactions, not changes to those that it shows. A page beyond the last is empty.
//     Dates go without a colon in the zone, as published answers have it, not as the document does; and an empty result
//     is an empty list. A start before the three years, or after the last refresh, gets the one message that is known.
//   - A payment's line keeps its own fee whatever follows; it is S until nothing of the payment is left, and then V.
//     Neither ending nor available balances are in it. A payment made outside any order has no capture and no webhook.
//   - A subscription that its payer has agreed to is ACTIVE at once, also when its start lies ahead (POST
//     /sandbox/billing has it APPROVED until then, as PayPal's staff once said); its first payment is made in the run
//     of the day on which it starts. With user_action CONTINUE it is APPROVED, of which no event tells. One that nobody
//     agrees to waits for ever. Both ways back have subscription_id, ba_token and token, where cancelling changes
//     nothing.
//   - A subscription is plan_overridden as soon as it brings a plan with anything in it; total_cycles left out of an
//     override is the plan's. A plan's new price (update-pricing-schemes) leaves those alone.
//   - A price that the seller changed alone spares the payments of the next ten days. One that the payer agreed to
//     counts from the next payment on, and the billing goes on where it was; what was overridden before is not carried
//     over. PATCH and the payer's consent to a revision are both told as BILLING.SUBSCRIPTION.UPDATED.
//   - A revision that was declined, or overtaken by another, is gone with its page. Only one can wait at a time.
//   - A suspended subscription is activated only with a reason; what happens on PayPal's own site has none.
//   - Where the seller does not say NO_SHIPPING, the subscriber has a shipping_address as soon as the payer has agreed:
//     the one that the seller sent, or a made-up one.
//   - Deactivating a plan stops new subscriptions, not those that run.
//   - The newest product or plan comes first in the lists.
//   - Money in subscriptions, plans and their events has no more zeros at the end than one ("5.0"), as recorded of
//     subscriptions; what has no decimals has none there either.
//
// # What is different on purpose
//
// A webhook's address may be http if it is on this machine, in a private network, or a name without a dot; PayPal takes
// https only. Rate limits are not enforced: see the fault "status" with 429.
//
// # What is not here
//
// Price tiers (INVALID_PRICING_MODEL), subscriptions paid by card, payments of v1 other than sales, authorizations,
// confirm-payment-source, tracking, cards and other payment sources, shipping checks, payouts, several sellers or apps,
// webhooks-lookup; of disputes what the buyer does (the test hook stands for it), returned goods, appeals, and the
// stages after CHARGEBACK. Captures are in the currency of the order. Faults, what POST /sandbox/search says and the
// list of past deliveries do not survive a restart; all else does when DataDir is set.
package sandbox
