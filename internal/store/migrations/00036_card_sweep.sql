-- +goose Up

-- Whether the payer was told that his payment is being checked: that is said once.
ALTER TABLE card_attempt ADD COLUMN warned BIGINT NOT NULL DEFAULT 0 CHECK (warned = CAST(warned AS BIGINT) AND warned IN (0, 1));

-- Up to when a merchant's refunds and disputes were asked of the processor.
CREATE TABLE card_sweep (
    merchant TEXT   NOT NULL PRIMARY KEY,
    seen_to  BIGINT NOT NULL CHECK (seen_to = CAST(seen_to AS BIGINT))
); -- by key

-- +goose Down
DROP TABLE card_sweep;
ALTER TABLE card_attempt DROP COLUMN warned;
