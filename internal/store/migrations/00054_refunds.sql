-- +goose Up

-- Money of billing accounts that goes back. sources and way are JSON: which
-- transactions give it, and by which tender it leaves. tried lists tenders that
-- failed. A row of state 'ordered' or 'returned' has its money on refunds-payable.
CREATE TABLE refund (
    book_no        BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    refund_id      TEXT   NOT NULL CHECK (refund_id <> ''),
    version        BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    idem_key       TEXT   NOT NULL CHECK (idem_key <> ''),
    entity_no      BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT) AND entity_no > 0),
    fund_no        BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT) AND fund_no > 0),
    through_entity BIGINT NOT NULL CHECK (through_entity = CAST(through_entity AS BIGINT)),
    through_fund   BIGINT NOT NULL CHECK (through_fund = CAST(through_fund AS BIGINT)),
    amount_cents   BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    cause          TEXT   NOT NULL CHECK (cause IN ('asked', 'duty', 'swept', 'failed', 'lost')),
    reason         TEXT   NOT NULL CHECK (reason <> ''),
    due_by         TEXT   NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('requested', 'approved', 'ordered', 'sent', 'returned', 'unclaimed', 'remitted', 'cancelled')),
    sources        TEXT   NOT NULL,
    tender         TEXT   NOT NULL,
    way            TEXT   NOT NULL,
    not_before     TEXT   NOT NULL,
    tried          TEXT   NOT NULL,
    try_no         BIGINT NOT NULL CHECK (try_no = CAST(try_no AS BIGINT) AND try_no >= 0),
    actor          TEXT   NOT NULL CHECK (actor <> ''),
    made_at        BIGINT NOT NULL CHECK (made_at = CAST(made_at AS BIGINT)),
    changed_at     BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    approval_id    TEXT   NOT NULL,
    problem        TEXT   NOT NULL,
    PRIMARY KEY (book_no, refund_id)
); -- by key
CREATE INDEX refund_id ON refund (refund_id);
CREATE INDEX refund_open ON refund (state, changed_at, refund_id) WHERE state NOT IN ('sent', 'remitted', 'cancelled');

-- Every step of a refund.
CREATE TABLE refund_event (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    refund_id TEXT   NOT NULL CHECK (refund_id <> ''),
    event_no  BIGINT NOT NULL CHECK (event_no = CAST(event_no AS BIGINT) AND event_no > 0),
    at        BIGINT NOT NULL CHECK (at = CAST(at AS BIGINT)),
    actor     TEXT   NOT NULL CHECK (actor <> ''),
    state     TEXT   NOT NULL,
    note      TEXT   NOT NULL,
    PRIMARY KEY (book_no, refund_id, event_no)
); -- by key

-- Checks of a bank account, without a gap and never twice. sealed holds the payee
-- and the address. A check that pays a state for many owners has refund_id ''.
CREATE TABLE check_register (
    account_id   TEXT   NOT NULL CHECK (account_id <> ''),
    check_no     BIGINT NOT NULL CHECK (check_no = CAST(check_no AS BIGINT) AND check_no > 0),
    version      BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    batch_id     TEXT   NOT NULL CHECK (batch_id <> ''),
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    refund_id    TEXT   NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    dated        TEXT   NOT NULL CHECK (dated <> ''),
    state        TEXT   NOT NULL CHECK (state IN ('made', 'issued', 'paid', 'stopped', 'void', 'stale')),
    sealed       BYTEA  NOT NULL,
    reason       TEXT   NOT NULL,
    paid_on      TEXT   NOT NULL,
    changed_at   BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    told_in      TEXT   NOT NULL,
    PRIMARY KEY (account_id, check_no)
); -- by key
CREATE INDEX check_register_state ON check_register (account_id, state, dated);
CREATE INDEX check_register_refund ON check_register (refund_id);
CREATE INDEX check_register_batch ON check_register (batch_id, check_no);

-- What happened to a check.
CREATE TABLE check_event (
    account_id TEXT   NOT NULL,
    check_no   BIGINT NOT NULL CHECK (check_no = CAST(check_no AS BIGINT)),
    event_no   BIGINT NOT NULL CHECK (event_no = CAST(event_no AS BIGINT) AND event_no > 0),
    at         BIGINT NOT NULL CHECK (at = CAST(at AS BIGINT)),
    actor      TEXT   NOT NULL CHECK (actor <> ''),
    state      TEXT   NOT NULL,
    note       TEXT   NOT NULL,
    PRIMARY KEY (account_id, check_no, event_no)
); -- by key

-- Checks that are printed and told to the bank together.
CREATE TABLE check_batch (
    batch_id    TEXT   NOT NULL PRIMARY KEY,
    version     BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    account_id  TEXT   NOT NULL CHECK (account_id <> ''),
    batch_no    BIGINT NOT NULL CHECK (batch_no = CAST(batch_no AS BIGINT) AND batch_no > 0),
    state       TEXT   NOT NULL CHECK (state IN ('made', 'released', 'refused')),
    dated       TEXT   NOT NULL CHECK (dated <> ''),
    issued      BIGINT NOT NULL CHECK (issued = CAST(issued AS BIGINT) AND issued >= 0),
    total_cents BIGINT NOT NULL CHECK (total_cents = CAST(total_cents AS BIGINT) AND total_cents >= 0),
    voided      BIGINT NOT NULL CHECK (voided = CAST(voided AS BIGINT) AND voided >= 0),
    void_cents  BIGINT NOT NULL CHECK (void_cents = CAST(void_cents AS BIGINT) AND void_cents >= 0),
    digest      TEXT   NOT NULL CHECK (digest <> ''),
    actor       TEXT   NOT NULL CHECK (actor <> ''),
    made_at     BIGINT NOT NULL CHECK (made_at = CAST(made_at AS BIGINT)),
    changed_at  BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    UNIQUE (account_id, batch_no)
);

-- The files of a batch as they were made, sealed: 1 is the print, 2 what the bank is told.
CREATE TABLE check_file (
    batch_id TEXT   NOT NULL,
    file_no  BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT) AND file_no > 0),
    name     TEXT   NOT NULL CHECK (name <> ''),
    sha256   TEXT   NOT NULL CHECK (sha256 <> ''),
    sealed   BYTEA  NOT NULL,
    PRIMARY KEY (batch_id, file_no)
); -- by key

-- Property whose owner was silent: a refund that came back, or a credit balance.
-- source is a refund's id, or 'credit' and the fund.
CREATE TABLE unclaimed (
    book_no       BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    source        TEXT   NOT NULL CHECK (source <> ''),
    version       BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    state_code    TEXT   NOT NULL CHECK (state_code <> ''),
    property_type TEXT   NOT NULL CHECK (property_type <> ''),
    entity_no     BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT) AND entity_no > 0),
    fund_no       BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT) AND fund_no > 0),
    amount_cents  BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents > 0),
    silent_since  TEXT   NOT NULL CHECK (silent_since <> ''),
    report_year   BIGINT NOT NULL CHECK (report_year = CAST(report_year AS BIGINT) AND report_year > 0),
    letter_on     TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('noticed', 'held', 'remitted', 'reclaimed')),
    refund_id     TEXT   NOT NULL,
    report_id     TEXT   NOT NULL,
    changed_at    BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    PRIMARY KEY (book_no, source, report_year)
); -- by key
CREATE INDEX unclaimed_report_of ON unclaimed (state_code, report_year, state);

-- When the owner of a billing account was last heard of, beside payments.
CREATE TABLE owner_contact (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    on_day     TEXT   NOT NULL CHECK (on_day <> ''),
    how        TEXT   NOT NULL CHECK (how IN ('call', 'visit', 'letter', 'login')),
    actor      TEXT   NOT NULL CHECK (actor <> ''),
    PRIMARY KEY (book_no, on_day, how)
); -- by key

-- Reports to states, as they were made. sealed is the file.
CREATE TABLE unclaimed_report (
    report_id   TEXT   NOT NULL PRIMARY KEY,
    version     BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    state_code  TEXT   NOT NULL CHECK (state_code <> ''),
    report_year BIGINT NOT NULL CHECK (report_year = CAST(report_year AS BIGINT) AND report_year > 0),
    entity_no   BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT) AND entity_no > 0),
    state       TEXT   NOT NULL CHECK (state IN ('made', 'remitted')),
    items       BIGINT NOT NULL CHECK (items = CAST(items AS BIGINT) AND items > 0),
    total_cents BIGINT NOT NULL CHECK (total_cents = CAST(total_cents AS BIGINT) AND total_cents > 0),
    sha256      TEXT   NOT NULL CHECK (sha256 <> ''),
    sealed      BYTEA  NOT NULL,
    actor       TEXT   NOT NULL CHECK (actor <> ''),
    made_at     BIGINT NOT NULL CHECK (made_at = CAST(made_at AS BIGINT)),
    UNIQUE (state_code, report_year, entity_no)
);

-- +goose Down
DROP TABLE unclaimed_report;
DROP TABLE owner_contact;
DROP TABLE unclaimed;
DROP TABLE check_file;
DROP TABLE check_batch;
DROP TABLE check_event;
DROP TABLE check_register;
DROP TABLE refund_event;
DROP TABLE refund;
