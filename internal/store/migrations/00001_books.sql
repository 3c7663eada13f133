-- +goose Up

-- The numbers that legal entities have in account numbers, for ever.
CREATE TABLE legal_entity (
    entity_id TEXT   NOT NULL PRIMARY KEY,
    entity_no BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT))
); -- by key

-- One book per bill pay number or operating journal. seq and digest are the
-- head of its chain; seq is also the version of everything under the book.
CREATE TABLE book (
    book_no         BIGINT NOT NULL PRIMARY KEY CHECK (book_no = CAST(book_no AS BIGINT)),
    kind            TEXT   NOT NULL,
    opaque_id       TEXT   NOT NULL,
    status          TEXT   NOT NULL,
    merged_into     BIGINT NOT NULL DEFAULT 0 CHECK (merged_into = CAST(merged_into AS BIGINT)),
    debtor_premium  BIGINT NOT NULL DEFAULT 0 CHECK (debtor_premium = CAST(debtor_premium AS BIGINT)),
    debtor_medical  BIGINT NOT NULL DEFAULT 0 CHECK (debtor_medical = CAST(debtor_medical AS BIGINT)),
    debtor_pharmacy BIGINT NOT NULL DEFAULT 0 CHECK (debtor_pharmacy = CAST(debtor_pharmacy AS BIGINT)),
    seq             BIGINT NOT NULL DEFAULT 0 CHECK (seq = CAST(seq AS BIGINT)),
    digest          BYTEA  NOT NULL,
    last_item       BIGINT NOT NULL DEFAULT 0 CHECK (last_item = CAST(last_item AS BIGINT)),
    opened_at       BIGINT NOT NULL CHECK (opened_at = CAST(opened_at AS BIGINT))
); -- by key

-- Global look-up: the id that travels -> the book.
CREATE TABLE opaque_id (
    opaque_id TEXT   NOT NULL PRIMARY KEY,
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT))
); -- by key

-- Every number ever issued and every old number of an earlier system. A number
-- is reserved here before its account exists, and stays for ever.
CREATE TABLE directory (
    handle   TEXT   NOT NULL,
    source   TEXT   NOT NULL,
    book_no  BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    noted_at BIGINT NOT NULL CHECK (noted_at = CAST(noted_at AS BIGINT)),
    PRIMARY KEY (handle, source)
); -- by key

-- The journal. A row is a pair: unbalanced entries cannot be written, and both
-- sides belong to one purse (legal entity and fund).
CREATE TABLE posting (
    book_no        BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    posted_on      TEXT   NOT NULL,
    seq            BIGINT NOT NULL CHECK (seq = CAST(seq AS BIGINT) AND seq > 0),
    line           BIGINT NOT NULL CHECK (line = CAST(line AS BIGINT) AND line > 0),
    debit_account  BIGINT NOT NULL CHECK (debit_account = CAST(debit_account AS BIGINT)),
    credit_account BIGINT NOT NULL CHECK (credit_account = CAST(credit_account AS BIGINT)),
    amount_cents   BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    item_no        BIGINT NOT NULL CHECK (item_no = CAST(item_no AS BIGINT)),
    phase          BIGINT NOT NULL CHECK (phase = CAST(phase AS BIGINT) AND phase BETWEEN 1 AND 4),
    of_seq         BIGINT NOT NULL CHECK (of_seq = CAST(of_seq AS BIGINT)),
    effective_on   TEXT   NOT NULL,
    recorded_at    BIGINT NOT NULL CHECK (recorded_at = CAST(recorded_at AS BIGINT)),
    event          TEXT   NOT NULL,
    link           TEXT   NOT NULL,
    actor          TEXT   NOT NULL CHECK (actor <> ''),
    reason         TEXT   NOT NULL,
    digest         BYTEA  NOT NULL,
    PRIMARY KEY (book_no, posted_on, seq, line),
    CHECK (debit_account <> credit_account),
    CHECK (debit_account / 100 = credit_account / 100)
);

-- What was reversed, moved out or ended, by what: once, for ever.
CREATE TABLE ending (
    book_no BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    seq     BIGINT NOT NULL CHECK (seq = CAST(seq AS BIGINT)),
    by_seq  BIGINT NOT NULL CHECK (by_seq = CAST(by_seq AS BIGINT)),
    PRIMARY KEY (book_no, seq)
); -- by key

-- Idempotency keys, for ever. claim_id is computed from the key; answer holds
-- the transactions that carried the act out.
CREATE TABLE claim (
    claim_id     TEXT   NOT NULL PRIMARY KEY,
    idem_key     TEXT   NOT NULL,
    act          TEXT   NOT NULL,
    body_digest  BYTEA  NOT NULL,
    rail         TEXT   NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents >= 0),
    received_on  TEXT   NOT NULL,
    recorded_at  BIGINT NOT NULL CHECK (recorded_at = CAST(recorded_at AS BIGINT)),
    actor        TEXT   NOT NULL CHECK (actor <> ''),
    source_book  BIGINT NOT NULL CHECK (source_book = CAST(source_book AS BIGINT)),
    parts        BIGINT NOT NULL CHECK (parts = CAST(parts AS BIGINT)),
    answer       TEXT   NOT NULL,
    row_check    BIGINT NOT NULL CHECK (row_check = CAST(row_check AS BIGINT))
);

-- Receipts, a row per part.
CREATE TABLE receipt (
    book_no         BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    seq             BIGINT NOT NULL CHECK (seq = CAST(seq AS BIGINT)),
    payment_id      TEXT   NOT NULL,
    part_no         BIGINT NOT NULL CHECK (part_no = CAST(part_no AS BIGINT)),
    posted_on       TEXT   NOT NULL,
    entity_no       BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no         BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    about_no        BIGINT NOT NULL CHECK (about_no = CAST(about_no AS BIGINT)),
    amount_cents    BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    applied_cents   BIGINT NOT NULL CHECK (applied_cents = CAST(applied_cents AS BIGINT) AND applied_cents >= 0),
    unapplied_cents BIGINT NOT NULL CHECK (unapplied_cents = CAST(unapplied_cents AS BIGINT) AND unapplied_cents >= 0),
    row_check       BIGINT NOT NULL CHECK (row_check = CAST(row_check AS BIGINT)),
    PRIMARY KEY (book_no, seq)
);

CREATE TABLE open_item (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    item_no      BIGINT NOT NULL CHECK (item_no = CAST(item_no AS BIGINT)),
    entity_no    BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no      BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    about_no     BIGINT NOT NULL CHECK (about_no = CAST(about_no AS BIGINT)),
    debtor_on    TEXT   NOT NULL,
    invoice      TEXT   NOT NULL,
    description  TEXT   NOT NULL,
    fee          BIGINT NOT NULL CHECK (fee = CAST(fee AS BIGINT)),
    privacy      TEXT   NOT NULL,
    service_on   TEXT   NOT NULL,
    due_on       TEXT   NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    open_cents   BIGINT NOT NULL CHECK (open_cents = CAST(open_cents AS BIGINT) AND open_cents >= 0 AND open_cents <= amount_cents),
    billed_seq   BIGINT NOT NULL CHECK (billed_seq = CAST(billed_seq AS BIGINT)),
    row_check    BIGINT NOT NULL CHECK (row_check = CAST(row_check AS BIGINT)),
    PRIMARY KEY (book_no, item_no)
); -- by key

CREATE TABLE unapplied (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    seq          BIGINT NOT NULL CHECK (seq = CAST(seq AS BIGINT)),
    entity_no    BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no      BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    received_on  TEXT   NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    open_cents   BIGINT NOT NULL CHECK (open_cents = CAST(open_cents AS BIGINT) AND open_cents >= 0 AND open_cents <= amount_cents),
    PRIMARY KEY (book_no, seq)
); -- by key

CREATE TABLE suspense (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    seq          BIGINT NOT NULL CHECK (seq = CAST(seq AS BIGINT)),
    entity_no    BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no      BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    rail         TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    received_on  TEXT   NOT NULL,
    opened_at    BIGINT NOT NULL CHECK (opened_at = CAST(opened_at AS BIGINT)),
    payment_id   TEXT   NOT NULL,
    part_no      BIGINT NOT NULL CHECK (part_no = CAST(part_no AS BIGINT)),
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    open_cents   BIGINT NOT NULL CHECK (open_cents = CAST(open_cents AS BIGINT) AND open_cents >= 0 AND open_cents <= amount_cents),
    details      BYTEA  NOT NULL,
    PRIMARY KEY (book_no, seq)
); -- by key
CREATE INDEX suspense_open ON suspense (received_on, book_no, seq) WHERE open_cents > 0;

-- Facts to publish: written with the act, taken by the relay oldest first, then
-- deleted. The journal keeps the fact itself. The key begins with the time, so
-- that posting adds to the end of one run of pages.
CREATE TABLE outbox (
    book_no     BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    seq         BIGINT NOT NULL CHECK (seq = CAST(seq AS BIGINT)),
    event       TEXT   NOT NULL,
    recorded_at BIGINT NOT NULL CHECK (recorded_at = CAST(recorded_at AS BIGINT)),
    PRIMARY KEY (recorded_at, book_no, seq)
); -- by key

-- +goose Down
DROP TABLE outbox;
DROP TABLE suspense;
DROP TABLE unapplied;
DROP TABLE open_item;
DROP TABLE receipt;
DROP TABLE claim;
DROP TABLE ending;
DROP TABLE posting;
DROP TABLE directory;
DROP TABLE opaque_id;
DROP TABLE book;
DROP TABLE legal_entity;
