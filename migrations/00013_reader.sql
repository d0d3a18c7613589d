-- +goose Up
-- Whether the reader said that they may be named in public: yes, no, or '' where they were not asked. Until now there was
-- only a box to tick against it: a ticked one is a no, an empty one says nothing. What was adopted or restored was marked
-- anonymous without asking anybody. The column anonymous stays for processes of the version before, which still write it
-- while a deployment rolls; nothing reads it.
ALTER TABLE contribution ADD COLUMN naming text NOT NULL DEFAULT '' CHECK (naming IN ('', 'yes', 'no'));
UPDATE contribution SET naming = 'no' WHERE anonymous AND origin = 'here';

-- +goose Down
ALTER TABLE contribution DROP COLUMN naming;
