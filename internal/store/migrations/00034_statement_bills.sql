-- +goose Up

-- A code stands for one bill: the items of its account up to this one. Codes that
-- were made before show none.
ALTER TABLE statement_code ADD COLUMN through_item BIGINT NOT NULL DEFAULT 0 CHECK (through_item = CAST(through_item AS BIGINT));

-- +goose Down
ALTER TABLE statement_code DROP COLUMN through_item;
