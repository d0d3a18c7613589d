-- +goose Up

-- What a person has to look at: a code with its arguments, so that a text can be reworded and translated. Several can be
-- open for one contribution, and each is closed by itself.
CREATE TABLE review (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contribution_id  uuid NOT NULL REFERENCES contribution (id),
    code             text NOT NULL,
    arguments        jsonb NOT NULL,              -- {"payment": "0JF852973C016714D", "amount": "25.00 EUR"}
    opened_at        timestamptz NOT NULL,
    closed_at        timestamptz,                 -- null while it waits for a person
    closed_by        text NOT NULL DEFAULT '',    -- mail address, "command line", or "Readerfund": the reason went away by itself
    staff_id         uuid REFERENCES staff (id),
    closed_why       text NOT NULL DEFAULT '',    -- what they found
    CHECK ((closed_at IS NULL) = (closed_by = '')),
    -- The same is not brought up again once it is closed; the same code with other arguments is another thing.
    UNIQUE (contribution_id, code, arguments)
);
-- What is open is counted and listed; it is little.
CREATE INDEX review_open ON review (contribution_id) WHERE closed_at IS NULL;

-- The sentences that contributions had until now, open (attention) and looked at (attention_seen, one on each line), are
-- carried over as the codes they were made from. A sentence that fits none is kept as it is.
--
-- The two columns stay for now: while an installation is being updated, replicas of the version before still use them.
WITH sentence AS (
    SELECT c.id, c.updated_at, s.text, bool_or(s.open) AS open
    FROM contribution c
    CROSS JOIN LATERAL (
        SELECT c.attention AS text, true AS open
        UNION ALL SELECT line, false FROM unnest(string_to_array(c.attention_seen, chr(10))) line
    ) s
    WHERE (c.attention <> '' OR c.attention_seen <> '') AND s.text <> ''
    GROUP BY c.id, c.updated_at, s.text
), form (code, names, pattern) AS (VALUES
    ('paid_twice', ARRAY['count', 'payments'], '^PayPal took the reader''s money (\d+) times: (.*)\. Give back'),
    ('amount_differs', ARRAY['captured', 'chosen'], '^PayPal captured (.*), but the reader chose (.*)\.$'),
    ('fee_large', ARRAY['fee', 'amount'], '^PayPal took a fee of (.*) for a payment of (.*)\. Look at it in PayPal\.$'),
    ('second_order', ARRAY['order', 'known'], '^PayPal has the order (\S*) for it, too, and not only the order (\S*) that we know\.'),
    ('dispute_open_again', ARRAY['case'], '^PayPal opened the case (\S*) again\.'),
    ('odd_answer', ARRAY['says'], '^PayPal''s answer about it cannot be right: (.*)\. Nothing of it was booked\.'),
    ('order_of_another', ARRAY['order', 'number'], '^PayPal''s order (\S*) no longer carries the number of this contribution, but "(.*)"\.'),
    ('payment_status', ARRAY['payment', 'status'], '^PayPal says that the payment (\S*) is "(.*)", which we have no word for\.'),
    ('payment_of_another', ARRAY['payment', 'number'], '^PayPal lists the payment (\S*) here, but it carries the number "(.*)" of another'),
    ('payment_elsewhere', ARRAY['payment', 'other'], '^PayPal lists the payment (\S*) here, but it belongs to the contribution (\S*) already\.'),
    ('payment_misnumbered', ARRAY['payment', 'number'], '^PayPal made the payment (\S*) for the order of this contribution, but it carries the number "(.*)" of another'),
    ('fee_impossible', ARRAY['amount', 'fee'], '^PayPal says that its fee for (.*) was (.*)\. That cannot be, so no fee is booked\.'),
    ('ledger_differs', ARRAY['says', 'kind', 'ref', 'booked'], '^PayPal now says (.*) for the (.*) of (\S*); the ledger has (.*)\.$'),
    ('refund_of_no_payment', ARRAY['refund', 'payment'], '^PayPal reports the refund (\S*) of the payment (\S*), which is none of this contribution\.'),
    ('refund_impossible', ARRAY['amount', 'refund', 'paid'], '^PayPal reports that (.*) went back \((.*)\) of a payment of (.*)\. That cannot be'),
    ('refund_impossible', ARRAY['amount', 'refund', 'paid'], '^PayPal reports that (.*) went back \((.*)\), which is more than what is left of a payment of (.*)\. It is not booked'),
    ('refund_too_large', ARRAY['refund', 'amount', 'payment'], '^PayPal reports the refund (\S*) of (.*), which is more than what is left of the payment (\S*)\. It is not booked'),
    ('refund_status', ARRAY['refund', 'status'], '^PayPal says that the refund (\S*) is "(.*)", which we have no word for\.'),
    ('refund_fee_impossible', ARRAY['fee', 'currency'], '^PayPal says that it gave a fee of (.*) back for a payment in (.*)\. That is not booked\.'),
    ('dispute_currency', ARRAY['case', 'disputed', 'paid'], '^The case (\S*) is in (.*), the payment in (.*)\. What PayPal'),
    ('dispute_too_large', ARRAY['case', 'disputed', 'paid'], '^The case (\S*) is about (.*), and the payment was of (.*)\. What PayPal')
)
INSERT INTO review (contribution_id, code, arguments, opened_at, closed_at, closed_by, closed_why)
SELECT s.id, coalesce(f.code, 'earlier_note'),
       CASE WHEN f.code IS NULL THEN jsonb_build_object('text', left(s.text, 600))
            ELSE (SELECT jsonb_object_agg(a.name, left(a.value, 200)) FROM unnest(f.names, regexp_match(s.text, f.pattern)) AS a (name, value)) END,
       s.updated_at, CASE WHEN NOT s.open THEN s.updated_at END, CASE WHEN s.open THEN '' ELSE 'staff' END,
       CASE WHEN s.open THEN '' ELSE 'It was looked at before notes were kept one by one: what was found stands in the history.' END
FROM sentence s LEFT JOIN form f ON s.text ~ f.pattern
ON CONFLICT DO NOTHING;

-- +goose Down
-- The version before shows one sentence: the code and its arguments say what it was about.
UPDATE contribution c SET attention = coalesce((
    SELECT string_agg(v.code || ' ' || v.arguments, '; ' ORDER BY v.id) FROM review v WHERE v.contribution_id = c.id AND v.closed_at IS NULL), '')
WHERE c.attention <> '' OR EXISTS (SELECT 1 FROM review v WHERE v.contribution_id = c.id AND v.closed_at IS NULL);
DROP TABLE review;
