-- +goose Up

-- What a processor paid out in one sum, as its report was read. A report that did
-- not prove has a problem and no lines; the next reading of it is another take.
CREATE TABLE card_payout (
    merchant    TEXT   NOT NULL,
    payout_id   TEXT   NOT NULL,
    take_no     BIGINT NOT NULL CHECK (take_no = CAST(take_no AS BIGINT) AND take_no > 0),
    entity_no   BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no     BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    trace       TEXT   NOT NULL,
    created_at  BIGINT NOT NULL CHECK (created_at = CAST(created_at AS BIGINT)),
    paid_on     TEXT   NOT NULL,
    net_cents   BIGINT NOT NULL CHECK (net_cents = CAST(net_cents AS BIGINT)),
    fee_cents   BIGINT NOT NULL CHECK (fee_cents = CAST(fee_cents AS BIGINT)),
    line_count  BIGINT NOT NULL CHECK (line_count = CAST(line_count AS BIGINT)),
    problem     TEXT   NOT NULL,
    taken_at    BIGINT NOT NULL CHECK (taken_at = CAST(taken_at AS BIGINT)),
    PRIMARY KEY (merchant, payout_id, take_no)
); -- by key
CREATE INDEX card_payout_paid ON card_payout (paid_on, merchant, payout_id);
CREATE INDEX card_payout_unproved ON card_payout (paid_on, merchant, payout_id) WHERE problem <> '';

-- Its lines. problem says why a line is not known; it is '' when it was known at once.
CREATE TABLE card_payout_line (
    merchant    TEXT   NOT NULL,
    line_id     TEXT   NOT NULL,
    payout_id   TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    charge_id   TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    gross_cents BIGINT NOT NULL CHECK (gross_cents = CAST(gross_cents AS BIGINT)),
    fee_cents   BIGINT NOT NULL CHECK (fee_cents = CAST(fee_cents AS BIGINT)),
    net_cents   BIGINT NOT NULL CHECK (net_cents = CAST(net_cents AS BIGINT) AND net_cents = gross_cents - fee_cents),
    happened_at BIGINT NOT NULL CHECK (happened_at = CAST(happened_at AS BIGINT)),
    attempt_id  TEXT   NOT NULL,
    leg_no      BIGINT NOT NULL CHECK (leg_no = CAST(leg_no AS BIGINT)),
    problem     TEXT   NOT NULL,
    PRIMARY KEY (merchant, line_id)
); -- by key
CREATE INDEX card_payout_line_of ON card_payout_line (merchant, payout_id, line_id);
CREATE INDEX card_payout_line_unknown ON card_payout_line (happened_at, merchant, line_id) WHERE problem <> '';

-- A line that was not known when its report was taken, and is now.
CREATE TABLE card_payout_known (
    merchant   TEXT   NOT NULL,
    line_id    TEXT   NOT NULL,
    attempt_id TEXT   NOT NULL,
    leg_no     BIGINT NOT NULL CHECK (leg_no = CAST(leg_no AS BIGINT)),
    known_at   BIGINT NOT NULL CHECK (known_at = CAST(known_at AS BIGINT)),
    PRIMARY KEY (merchant, line_id)
); -- by key

-- A payout that the bank refused: its money comes with a later one.
CREATE TABLE card_payout_failed (
    merchant  TEXT   NOT NULL,
    payout_id TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    known_at  BIGINT NOT NULL CHECK (known_at = CAST(known_at AS BIGINT)),
    PRIMARY KEY (merchant, payout_id)
); -- by key

-- What of a chargeback found nothing to be taken from, what was decided about it,
-- and when evidence was sent.
ALTER TABLE card_dispute ADD COLUMN excess_cents BIGINT NOT NULL DEFAULT 0 CHECK (excess_cents = CAST(excess_cents AS BIGINT) AND excess_cents >= 0);
ALTER TABLE card_dispute ADD COLUMN written_off BIGINT NOT NULL DEFAULT 0 CHECK (written_off = CAST(written_off AS BIGINT) AND written_off IN (0, 1));
ALTER TABLE card_dispute ADD COLUMN evidence_sent_at BIGINT NOT NULL DEFAULT 0 CHECK (evidence_sent_at = CAST(evidence_sent_at AS BIGINT));
CREATE INDEX card_dispute_excess ON card_dispute (opened_at, attempt_id, dispute_id) WHERE excess_cents > 0 AND written_off = 0;

-- Takings of chargebacks that count against a member's coverage only once they are
-- decided, by the claim of the act; the day is empty until then.
CREATE TABLE card_dispute_hold (
    claim_id   TEXT NOT NULL PRIMARY KEY,
    dispute_id TEXT NOT NULL,
    decided_on TEXT NOT NULL
); -- by key

-- The stored card with which an attempt is made, without its holder being there.
ALTER TABLE card_attempt ADD COLUMN method_id TEXT NOT NULL DEFAULT '';
ALTER TABLE card_attempt ADD COLUMN network_code TEXT NOT NULL DEFAULT '';
ALTER TABLE card_attempt ADD COLUMN network_advice TEXT NOT NULL DEFAULT '';

-- Tries of a stored card for what is due on a day, in their order. series is the
-- consent under which they are made.
CREATE TABLE card_pull (
    series       TEXT   NOT NULL,
    due_on       TEXT   NOT NULL,
    try_no       BIGINT NOT NULL CHECK (try_no = CAST(try_no AS BIGINT) AND try_no > 0),
    idem_key     TEXT   NOT NULL,
    method_id    TEXT   NOT NULL,
    attempt_id   TEXT   NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    pulled_at    BIGINT NOT NULL CHECK (pulled_at = CAST(pulled_at AS BIGINT)),
    pulled_on    TEXT   NOT NULL,
    PRIMARY KEY (series, due_on, try_no)
); -- by key
CREATE INDEX card_pull_attempt ON card_pull (attempt_id);
CREATE INDEX card_pull_method ON card_pull (method_id, pulled_at);

-- +goose Down
DROP TABLE card_pull;
ALTER TABLE card_attempt DROP COLUMN network_advice;
ALTER TABLE card_attempt DROP COLUMN network_code;
ALTER TABLE card_attempt DROP COLUMN method_id;
DROP TABLE card_dispute_hold;
DROP INDEX card_dispute_excess;
ALTER TABLE card_dispute DROP COLUMN evidence_sent_at;
ALTER TABLE card_dispute DROP COLUMN written_off;
ALTER TABLE card_dispute DROP COLUMN excess_cents;
DROP TABLE card_payout_failed;
DROP TABLE card_payout_known;
DROP TABLE card_payout_line;
DROP TABLE card_payout;
