-- +goose Up

-- Mail to readers. A row is written in the transaction of what the mail tells, and sent later; the mail itself is made of
-- args when it is sent. After MAIL_DAYS what names a person is taken out; the row stays, so that nothing is told twice.
CREATE TABLE mail (
    id          uuid PRIMARY KEY,              -- version 7; the left part of its Message-ID, by which a bounce finds it
    kind        text NOT NULL,                 -- what it tells: "receipt"
    key         text NOT NULL,                 -- of which fact; with kind, one mail for each
    recipient   text NOT NULL,                 -- address; empty once it is erased
    name        text NOT NULL DEFAULT '',      -- the recipient's, as they wrote it
    locale      text NOT NULL DEFAULT '',      -- BCP 47, as their browser wished; empty for the publication's own
    args        json NOT NULL,                 -- what the mail says. Not jsonb, which does not take \u0000
    state       text NOT NULL DEFAULT 'queued'
                CHECK (state IN ('queued', 'sent', 'failed', 'bounced', 'expired', 'off')),
    message_id  text NOT NULL DEFAULT '',      -- from the first try on, the same for all
    tries       integer NOT NULL DEFAULT 0,
    answer      text NOT NULL DEFAULT '',      -- the server's latest, or why there was none
    created_at  timestamptz NOT NULL,
    wanted_at   timestamptz NOT NULL,          -- when it was to be sent
    due_at      timestamptz,                   -- when it is tried next; null once it is closed
    expires_at  timestamptz,                   -- when it would be of no use any more; null for never
    tried_at    timestamptz,
    closed_at   timestamptz,                   -- when it left the state queued
    erased_at   timestamptz,                   -- when recipient, name, args and answer were taken out
    UNIQUE (kind, key)
);

-- What is to be sent; what a person may have to look at; where a person's address is; what has been kept for long enough.
CREATE INDEX mail_due ON mail (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mail_trouble ON mail (state, closed_at DESC, id DESC) WHERE state IN ('failed', 'bounced', 'off');
CREATE INDEX mail_recipient ON mail (lower(recipient)) WHERE recipient <> '';
CREATE INDEX mail_kept ON mail (closed_at) WHERE closed_at IS NOT NULL AND erased_at IS NULL;

-- +goose Down
DROP TABLE mail;
