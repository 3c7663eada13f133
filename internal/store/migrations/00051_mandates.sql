-- +goose Up

-- Bank accounts and stored cards that may be debited or credited. The account itself,
-- or the processor's token of a card, is sealed; the fingerprint is a keyed hash by
-- which the same account is found again.
CREATE TABLE payment_method (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    method_id    TEXT   NOT NULL CHECK (method_id <> ''),
    version      BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    kind         TEXT   NOT NULL CHECK (kind IN ('bank', 'card')),
    state        TEXT   NOT NULL CHECK (state IN ('active', 'dead', 'ended')),
    sealed       BYTEA  NOT NULL,
    fingerprint  TEXT   NOT NULL,
    mask         TEXT   NOT NULL,
    account_kind TEXT   NOT NULL CHECK (account_kind IN ('', 'checking', 'savings')),
    business     BIGINT NOT NULL CHECK (business = CAST(business AS BIGINT) AND business IN (0, 1)),
    validation   TEXT   NOT NULL,
    validated_on TEXT   NOT NULL,
    card_expires TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    kept_at      BIGINT NOT NULL CHECK (kept_at = CAST(kept_at AS BIGINT)),
    changed_at   BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    PRIMARY KEY (book_no, method_id)
); -- by key
CREATE INDEX payment_method_id ON payment_method (method_id);
CREATE INDEX payment_method_print ON payment_method (fingerprint);

-- Stored consents to debit. One that is live at a time for a book and purse.
CREATE TABLE mandate (
    book_no       BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    mandate_id    TEXT   NOT NULL CHECK (mandate_id <> ''),
    version       BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    method_id     TEXT   NOT NULL,
    tender        TEXT   NOT NULL CHECK (tender IN ('bank', 'card')),
    entity_no     BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no       BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    purpose       TEXT   NOT NULL CHECK (purpose IN ('premium', 'balance')),
    sec           TEXT   NOT NULL CHECK (sec IN ('', 'PPD', 'WEB', 'TEL', 'CCD')),
    cap_cents     BIGINT NOT NULL CHECK (cap_cents = CAST(cap_cents AS BIGINT) AND cap_cents >= 0),
    day_rule      TEXT   NOT NULL CHECK (day_rule IN ('due', 'day', 'before')),
    day_no        BIGINT NOT NULL CHECK (day_no = CAST(day_no AS BIGINT) AND day_no BETWEEN 0 AND 28),
    range_percent BIGINT NOT NULL CHECK (range_percent = CAST(range_percent AS BIGINT) AND range_percent >= 0),
    range_cents   BIGINT NOT NULL CHECK (range_cents = CAST(range_cents AS BIGINT) AND range_cents >= 0),
    last_cents    BIGINT NOT NULL CHECK (last_cents = CAST(last_cents AS BIGINT) AND last_cents >= 0),
    state         TEXT   NOT NULL CHECK (state IN ('active', 'paused', 'cancelled', 'ended')),
    reason        TEXT   NOT NULL,
    paused_from   TEXT   NOT NULL,
    paused_to     TEXT   NOT NULL,
    skip_from     TEXT   NOT NULL,
    begins_on     TEXT   NOT NULL CHECK (begins_on <> ''),
    ended_on      TEXT   NOT NULL,
    keep_until    TEXT   NOT NULL,
    channel       TEXT   NOT NULL CHECK (channel IN ('web', 'phone', 'paper', 'counter', 'staff', 'import')),
    given_by      TEXT   NOT NULL,
    given_on      TEXT   NOT NULL CHECK (given_on <> ''),
    language      TEXT   NOT NULL,
    wording       TEXT   NOT NULL CHECK (wording <> ''),
    text_digest   TEXT   NOT NULL CHECK (text_digest <> ''),
    evidence      BYTEA  NOT NULL,
    follows       TEXT   NOT NULL,
    body_digest   TEXT   NOT NULL,
    changed_at    BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    PRIMARY KEY (book_no, mandate_id)
); -- by key
CREATE INDEX mandate_id ON mandate (mandate_id);
CREATE UNIQUE INDEX mandate_live ON mandate (book_no, entity_no, fund_no) WHERE state IN ('active', 'paused');

-- What became of payment methods and mandates, numbered by their versions: who, when,
-- why and under which key, and what was different afterwards.
CREATE TABLE mandate_event (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    subject_id TEXT   NOT NULL CHECK (subject_id <> ''),
    event_no   BIGINT NOT NULL CHECK (event_no = CAST(event_no AS BIGINT) AND event_no > 0),
    act        TEXT   NOT NULL CHECK (act <> ''),
    order_key  TEXT   NOT NULL,
    at         BIGINT NOT NULL CHECK (at = CAST(at AS BIGINT)),
    actor      TEXT   NOT NULL CHECK (actor <> ''),
    reason     TEXT   NOT NULL,
    facts      TEXT   NOT NULL,
    PRIMARY KEY (book_no, subject_id, event_no)
);
CREATE UNIQUE INDEX mandate_event_order ON mandate_event (book_no, subject_id, order_key) WHERE order_key <> '';

-- Each debit that a mandate makes due: one for a mandate and a day. state is how far it
-- came; the clearing house's side of it has a row of its own under the same id.
CREATE TABLE autopay_pull (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    mandate_id   TEXT   NOT NULL CHECK (mandate_id <> ''),
    due_on       TEXT   NOT NULL CHECK (due_on <> ''),
    pull_id      TEXT   NOT NULL CHECK (pull_id <> ''),
    method_id    TEXT   NOT NULL,
    tender       TEXT   NOT NULL CHECK (tender IN ('bank', 'card')),
    entity_no    BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no      BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    sec          TEXT   NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    before_cents BIGINT NOT NULL CHECK (before_cents = CAST(before_cents AS BIGINT) AND before_cents >= 0),
    state        TEXT   NOT NULL CHECK (state IN ('planned', 'ordered', 'paid', 'failed', 'skipped', 'dropped', 'returned')),
    notice       TEXT   NOT NULL CHECK (notice IN ('', 'due', 'kept')),
    credit_on    TEXT   NOT NULL CHECK (credit_on <> ''),
    settle_on    TEXT   NOT NULL,
    order_on     TEXT   NOT NULL CHECK (order_on <> ''),
    tries        BIGINT NOT NULL CHECK (tries = CAST(tries AS BIGINT) AND tries >= 0),
    why          TEXT   NOT NULL,
    planned_at   BIGINT NOT NULL CHECK (planned_at = CAST(planned_at AS BIGINT)),
    changed_at   BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    PRIMARY KEY (book_no, mandate_id, due_on)
); -- by key
CREATE INDEX autopay_pull_planned ON autopay_pull (book_no, order_on) WHERE state = 'planned';
CREATE INDEX autopay_pull_cards ON autopay_pull (order_on, book_no) WHERE state = 'ordered' AND tender = 'card';
CREATE INDEX autopay_pull_id ON autopay_pull (pull_id);

-- Which items a debit was made for: an item is taken once under a mandate.
CREATE TABLE autopay_item (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    item_no    BIGINT NOT NULL CHECK (item_no = CAST(item_no AS BIGINT) AND item_no > 0),
    mandate_id TEXT   NOT NULL,
    due_on     TEXT   NOT NULL,
    PRIMARY KEY (book_no, item_no, mandate_id)
); -- by key

-- How far a day's run of autopay came, by phase and key range.
CREATE TABLE autopay_progress (
    day     TEXT   NOT NULL CHECK (day <> ''),
    phase   TEXT   NOT NULL CHECK (phase <> ''),
    to_no   BIGINT NOT NULL CHECK (to_no = CAST(to_no AS BIGINT)),
    done_at BIGINT NOT NULL CHECK (done_at = CAST(done_at AS BIGINT)),
    report  TEXT   NOT NULL,
    PRIMARY KEY (day, phase, to_no)
);

-- +goose Down
DROP TABLE autopay_progress;
DROP TABLE autopay_item;
DROP TABLE autopay_pull;
DROP TABLE mandate_event;
DROP TABLE mandate;
DROP TABLE payment_method;
