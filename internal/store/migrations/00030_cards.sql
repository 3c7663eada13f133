-- +goose Up

-- Payments by card on their way. sealed holds what the payer typed (mail,
-- numbers, named items) and the kept credentials. looks, look_at and held are
-- the job's; version counts changes.
CREATE TABLE card_attempt (
    attempt_id    TEXT   NOT NULL PRIMARY KEY,
    version       BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT)),
    state         TEXT   NOT NULL,
    door          TEXT   NOT NULL,
    actor         TEXT   NOT NULL CHECK (actor <> ''),
    language      TEXT   NOT NULL,
    decline_class TEXT   NOT NULL,
    decline_code  TEXT   NOT NULL,
    cards         BIGINT NOT NULL CHECK (cards = CAST(cards AS BIGINT)),
    created_at    BIGINT NOT NULL CHECK (created_at = CAST(created_at AS BIGINT)),
    changed_at    BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    tried_at      BIGINT NOT NULL CHECK (tried_at = CAST(tried_at AS BIGINT)),
    look_at       BIGINT NOT NULL CHECK (look_at = CAST(look_at AS BIGINT)),
    looks         BIGINT NOT NULL CHECK (looks = CAST(looks AS BIGINT)),
    held          BIGINT NOT NULL CHECK (held = CAST(held AS BIGINT) AND held IN (0, 1)),
    told_no       BIGINT NOT NULL CHECK (told_no = CAST(told_no AS BIGINT) AND told_no IN (0, 1)),
    late          BIGINT NOT NULL CHECK (late = CAST(late AS BIGINT) AND late IN (0, 1)),
    payment_id    TEXT   NOT NULL,
    received_on   TEXT   NOT NULL,
    news          TEXT   NOT NULL,
    loose         TEXT   NOT NULL,
    sealed        BYTEA  NOT NULL
); -- by key
CREATE INDEX card_attempt_due ON card_attempt (look_at, attempt_id) WHERE look_at > 0;

-- The charge of one legal entity. parts are indexes into the attempt's parts.
CREATE TABLE card_leg (
    attempt_id   TEXT   NOT NULL,
    leg_no       BIGINT NOT NULL CHECK (leg_no = CAST(leg_no AS BIGINT) AND leg_no > 0),
    entity_no    BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no      BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    merchant     TEXT   NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    parts        TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    charge_id    TEXT   NOT NULL,
    page_id      TEXT   NOT NULL,
    card         TEXT   NOT NULL,
    round        BIGINT NOT NULL CHECK (round = CAST(round AS BIGINT)),
    taking       BIGINT NOT NULL CHECK (taking = CAST(taking AS BIGINT) AND taking IN (0, 1)),
    PRIMARY KEY (attempt_id, leg_no)
); -- by key

-- Global look-up: a charge at the processor -> the attempt, for ever.
CREATE TABLE card_charge (
    merchant   TEXT   NOT NULL,
    charge_id  TEXT   NOT NULL,
    attempt_id TEXT   NOT NULL,
    leg_no     BIGINT NOT NULL CHECK (leg_no = CAST(leg_no AS BIGINT)),
    PRIMARY KEY (merchant, charge_id)
); -- by key

-- Money going back on a card. shares say which parts give it.
CREATE TABLE card_refund (
    attempt_id   TEXT   NOT NULL,
    refund_no    BIGINT NOT NULL CHECK (refund_no = CAST(refund_no AS BIGINT) AND refund_no > 0),
    version      BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT)),
    leg_no       BIGINT NOT NULL CHECK (leg_no = CAST(leg_no AS BIGINT)),
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    shares       TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    processor_id TEXT   NOT NULL,
    elsewhere    BIGINT NOT NULL CHECK (elsewhere = CAST(elsewhere AS BIGINT) AND elsewhere IN (0, 1)),
    idem_key     TEXT   NOT NULL,
    actor        TEXT   NOT NULL CHECK (actor <> ''),
    reason       TEXT   NOT NULL,
    problem      TEXT   NOT NULL,
    created_at   BIGINT NOT NULL CHECK (created_at = CAST(created_at AS BIGINT)),
    changed_at   BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    look_at      BIGINT NOT NULL CHECK (look_at = CAST(look_at AS BIGINT)),
    looks        BIGINT NOT NULL CHECK (looks = CAST(looks AS BIGINT)),
    PRIMARY KEY (attempt_id, refund_no)
); -- by key
CREATE INDEX card_refund_due ON card_refund (look_at, attempt_id, refund_no) WHERE look_at > 0;
CREATE INDEX card_refund_stuck ON card_refund (changed_at, attempt_id, refund_no) WHERE state = 'failed' OR problem <> '';

-- Chargebacks, by the processor's own id.
CREATE TABLE card_dispute (
    attempt_id   TEXT   NOT NULL,
    dispute_id   TEXT   NOT NULL,
    version      BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT)),
    leg_no       BIGINT NOT NULL CHECK (leg_no = CAST(leg_no AS BIGINT)),
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    shares       TEXT   NOT NULL,
    status       TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    opened_at    BIGINT NOT NULL CHECK (opened_at = CAST(opened_at AS BIGINT)),
    evidence_by  BIGINT NOT NULL CHECK (evidence_by = CAST(evidence_by AS BIGINT)),
    booked       BIGINT NOT NULL CHECK (booked = CAST(booked AS BIGINT) AND booked IN (0, 1)),
    restored     BIGINT NOT NULL CHECK (restored = CAST(restored AS BIGINT) AND restored IN (0, 1)),
    problem      TEXT   NOT NULL,
    created_at   BIGINT NOT NULL CHECK (created_at = CAST(created_at AS BIGINT)),
    changed_at   BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    look_at      BIGINT NOT NULL CHECK (look_at = CAST(look_at AS BIGINT)),
    looks        BIGINT NOT NULL CHECK (looks = CAST(looks AS BIGINT)),
    PRIMARY KEY (attempt_id, dispute_id)
); -- by key
CREATE INDEX card_dispute_due ON card_dispute (look_at, attempt_id, dispute_id) WHERE look_at > 0;
CREATE INDEX card_dispute_open ON card_dispute (evidence_by, attempt_id, dispute_id) WHERE status = 'open' OR problem <> '';

-- The operating book of card payments on a posting day.
CREATE TABLE card_day (
    day     TEXT   NOT NULL PRIMARY KEY,
    book_no BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT))
); -- by key

-- +goose Down
DROP TABLE card_day;
DROP TABLE card_dispute;
DROP TABLE card_refund;
DROP TABLE card_charge;
DROP TABLE card_leg;
DROP TABLE card_attempt;
