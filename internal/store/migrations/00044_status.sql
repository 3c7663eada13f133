-- +goose Up

-- The day on which a policy's end became known, or '' when it was known from the
-- beginning: what an end makes due is due from that day.
ALTER TABLE policy ADD COLUMN to_known_on TEXT NOT NULL DEFAULT '';

-- The first covered day by the payment status, where that is later than the policy's
-- own: as ends_on, what is billed goes by it.
ALTER TABLE policy_status ADD COLUMN starts_on TEXT NOT NULL DEFAULT '';

-- How far the books had come in which a policy's money lies when its status was looked
-- at: money that comes on one that has ended is noticed by it.
ALTER TABLE policy_status ADD COLUMN seen_seq BIGINT NOT NULL DEFAULT 0 CHECK (seen_seq = CAST(seen_seq AS BIGINT));

-- +goose Down
ALTER TABLE policy_status DROP COLUMN seen_seq;
ALTER TABLE policy_status DROP COLUMN starts_on;
ALTER TABLE policy DROP COLUMN to_known_on;
