-- +goose Up

-- After a declined payment: when the reader came back to it and was told, and when the attempt is due that they asked for
-- before half a minute was over. Null: nothing was asked for. Whatever else becomes of the gift, and the attempt itself,
-- ends the wish.
ALTER TABLE contribution
    ADD COLUMN refusal_told_at timestamptz,
    ADD COLUMN retry_at timestamptz;

-- +goose Down
ALTER TABLE contribution DROP COLUMN retry_at, DROP COLUMN refusal_told_at;
