-- +goose Up
-- Which region's office writes to an organisation: whose address and telephone stand
-- on its bills. Its own address is in person_address.
ALTER TABLE organisation ADD COLUMN region TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE organisation DROP COLUMN region;
