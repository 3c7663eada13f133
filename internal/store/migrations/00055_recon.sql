-- +goose Up

-- A day of a bank account as a statement reports it. take_no tells repeats apart: the
-- first is booked, later ones of the same day are kept beside it. account_print is a
-- keyed hash of the account's number.
CREATE TABLE bank_statement (
    account_print TEXT   NOT NULL,
    as_of         TEXT   NOT NULL,
    take_no       BIGINT NOT NULL CHECK (take_no = CAST(take_no AS BIGINT) AND take_no > 0),
    day_no        BIGINT NOT NULL CHECK (day_no = CAST(day_no AS BIGINT)),
    cash_account  BIGINT NOT NULL CHECK (cash_account = CAST(cash_account AS BIGINT)),
    account_mask  TEXT   NOT NULL,
    opening_cents BIGINT NOT NULL CHECK (opening_cents = CAST(opening_cents AS BIGINT)),
    closing_cents BIGINT NOT NULL CHECK (closing_cents = CAST(closing_cents AS BIGINT)),
    opening_said  BIGINT NOT NULL CHECK (opening_said = CAST(opening_said AS BIGINT)),
    closing_said  BIGINT NOT NULL CHECK (closing_said = CAST(closing_said AS BIGINT)),
    file_book     BIGINT NOT NULL CHECK (file_book = CAST(file_book AS BIGINT)),
    status        TEXT   NOT NULL,
    taken_at      BIGINT NOT NULL CHECK (taken_at = CAST(taken_at AS BIGINT)),
    PRIMARY KEY (account_print, as_of, take_no)
); -- by key

-- How far a booked statement has come: 'loaded' when all its lines are there, 'booked'
-- when all are in the books.
CREATE TABLE bank_mark (
    account_print TEXT   NOT NULL,
    as_of         TEXT   NOT NULL,
    mark          TEXT   NOT NULL,
    line_count    BIGINT NOT NULL CHECK (line_count = CAST(line_count AS BIGINT)),
    net_cents     BIGINT NOT NULL CHECK (net_cents = CAST(net_cents AS BIGINT)),
    marked_at     BIGINT NOT NULL CHECK (marked_at = CAST(marked_at AS BIGINT)),
    PRIMARY KEY (account_print, as_of, mark)
); -- by key

-- The lines of booked statements, as the bank wrote them. amount_cents is above zero
-- where the account grew. codes are the clearing accounts that a line of its family
-- can settle, a bit each. Line 0 is the balance with which the first statement began.
CREATE TABLE bank_line (
    account_print TEXT   NOT NULL,
    as_of         TEXT   NOT NULL,
    line_no       BIGINT NOT NULL CHECK (line_no = CAST(line_no AS BIGINT) AND line_no >= 0),
    amount_cents  BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT)),
    type_code     TEXT   NOT NULL,
    family        TEXT   NOT NULL,
    codes         BIGINT NOT NULL CHECK (codes = CAST(codes AS BIGINT)),
    value_on      TEXT   NOT NULL,
    bank_ref      TEXT   NOT NULL,
    customer_ref  TEXT   NOT NULL,
    ref           TEXT   NOT NULL,
    payment_id    TEXT   NOT NULL,
    PRIMARY KEY (account_print, as_of, line_no)
); -- by key

-- What the bank wrote beside a line, sealed: it can name people. book_no is the operating
-- book of the account's day.
CREATE TABLE bank_text (
    book_no BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    line_no BIGINT NOT NULL CHECK (line_no = CAST(line_no AS BIGINT)),
    sealed  BYTEA  NOT NULL,
    PRIMARY KEY (book_no, line_no)
); -- by key

-- The operating book of a bank account's day.
CREATE TABLE bank_day (
    account_print TEXT   NOT NULL,
    as_of         TEXT   NOT NULL,
    book_no       BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    PRIMARY KEY (account_print, as_of)
); -- by key
CREATE INDEX bank_day_book ON bank_day (book_no);

-- Against which accounts a line of a bank stands: step 1 is its own transaction, later
-- steps say what explained it since. source names the expected settlement.
CREATE TABLE bank_entry (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    line_no    BIGINT NOT NULL CHECK (line_no = CAST(line_no AS BIGINT)),
    step_no    BIGINT NOT NULL CHECK (step_no = CAST(step_no AS BIGINT) AND step_no > 0),
    leg_no     BIGINT NOT NULL CHECK (leg_no = CAST(leg_no AS BIGINT) AND leg_no > 0),
    seq        BIGINT NOT NULL CHECK (seq = CAST(seq AS BIGINT)),
    account_no BIGINT NOT NULL CHECK (account_no = CAST(account_no AS BIGINT)),
    source     TEXT   NOT NULL,
    cents      BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT)),
    rule       TEXT   NOT NULL,
    posted_on  TEXT   NOT NULL,
    PRIMARY KEY (book_no, line_no, step_no, leg_no)
); -- by key
CREATE INDEX bank_entry_open ON bank_entry (book_no, line_no) WHERE account_no % 100 = 34;
CREATE INDEX bank_entry_of ON bank_entry (account_no, source, posted_on) WHERE source <> '';

-- What the postings put on clearing accounts, by what the bank will show together.
-- Reckoned from the journal, anew for the latest stretch of time whenever it is asked.
CREATE TABLE clearing_flow (
    account_no   BIGINT NOT NULL CHECK (account_no = CAST(account_no AS BIGINT)),
    source       TEXT   NOT NULL,
    posted_on    TEXT   NOT NULL,
    stretch      BIGINT NOT NULL CHECK (stretch = CAST(stretch AS BIGINT)),
    effective_on TEXT   NOT NULL,
    items        BIGINT NOT NULL CHECK (items = CAST(items AS BIGINT)),
    cents        BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT)),
    PRIMARY KEY (account_no, source, posted_on, stretch)
); -- by key
CREATE INDEX clearing_flow_stretch ON clearing_flow (stretch);
CREATE INDEX posting_clearing ON posting (recorded_at)
    WHERE (debit_account % 100 IN (2, 3, 4, 5, 6, 7, 8, 9, 34) OR credit_account % 100 IN (2, 3, 4, 5, 6, 7, 8, 9, 34))
        AND event <> 'bank.booked' AND event <> 'bank.explained';

-- Expected settlements. amount_cents is what stood on the clearing account, above zero
-- where the bank will give; fee_cents of it does not come. settled_cents is what lines
-- of the bank have taken off.
CREATE TABLE expected (
    account_no    BIGINT NOT NULL CHECK (account_no = CAST(account_no AS BIGINT)),
    source        TEXT   NOT NULL,
    cash_account  BIGINT NOT NULL CHECK (cash_account = CAST(cash_account AS BIGINT)),
    code_bit      BIGINT NOT NULL CHECK (code_bit = CAST(code_bit AS BIGINT)),
    first_on      TEXT   NOT NULL,
    last_on       TEXT   NOT NULL,
    effective_on  TEXT   NOT NULL,
    expected_on   TEXT   NOT NULL,
    day_no        BIGINT NOT NULL CHECK (day_no = CAST(day_no AS BIGINT)),
    overdue_on    TEXT   NOT NULL,
    items         BIGINT NOT NULL CHECK (items = CAST(items AS BIGINT)),
    amount_cents  BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT)),
    fee_cents     BIGINT NOT NULL CHECK (fee_cents = CAST(fee_cents AS BIGINT)),
    settled_cents BIGINT NOT NULL CHECK (settled_cents = CAST(settled_cents AS BIGINT)),
    settled_on    TEXT   NOT NULL,
    ref           TEXT   NOT NULL,
    batch         TEXT   NOT NULL,
    PRIMARY KEY (account_no, source)
); -- by key
CREATE INDEX expected_open ON expected (cash_account, account_no, source) WHERE amount_cents <> settled_cents;

-- What a payout of a card processor took out of the captures of days, and what it is
-- to bring: the same money under another name, so that its rows sum to nothing.
CREATE TABLE payout_flow (
    account_no BIGINT NOT NULL CHECK (account_no = CAST(account_no AS BIGINT)),
    payout     TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    posted_on  TEXT   NOT NULL,
    trace      TEXT   NOT NULL,
    paid_on    TEXT   NOT NULL,
    items      BIGINT NOT NULL CHECK (items = CAST(items AS BIGINT)),
    cents      BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT)),
    fee_cents  BIGINT NOT NULL CHECK (fee_cents = CAST(fee_cents AS BIGINT)),
    PRIMARY KEY (account_no, payout, source)
); -- by key
CREATE INDEX payout_flow_of ON payout_flow (account_no, source);

-- Open expected settlements by what the bank is to show of them, for one run.
CREATE TABLE recon_open (
    cash_account BIGINT NOT NULL CHECK (cash_account = CAST(cash_account AS BIGINT)),
    bank_cents   BIGINT NOT NULL CHECK (bank_cents = CAST(bank_cents AS BIGINT)),
    account_no   BIGINT NOT NULL CHECK (account_no = CAST(account_no AS BIGINT)),
    source       TEXT   NOT NULL,
    code_bit     BIGINT NOT NULL CHECK (code_bit = CAST(code_bit AS BIGINT)),
    day_no       BIGINT NOT NULL CHECK (day_no = CAST(day_no AS BIGINT)),
    ref          TEXT   NOT NULL,
    PRIMARY KEY (cash_account, bank_cents, account_no, source)
); -- by key
CREATE INDEX recon_open_ref ON recon_open (cash_account, ref, bank_cents) WHERE ref <> '';

-- Lines that are not explained, likewise. book_no is 0 for one that is not booked yet.
CREATE TABLE recon_line (
    cash_account  BIGINT NOT NULL CHECK (cash_account = CAST(cash_account AS BIGINT)),
    cents         BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT)),
    account_print TEXT   NOT NULL,
    as_of         TEXT   NOT NULL,
    line_no       BIGINT NOT NULL CHECK (line_no = CAST(line_no AS BIGINT)),
    day_no        BIGINT NOT NULL CHECK (day_no = CAST(day_no AS BIGINT)),
    family        TEXT   NOT NULL,
    codes         BIGINT NOT NULL CHECK (codes = CAST(codes AS BIGINT)),
    ref           TEXT   NOT NULL,
    payment_id    TEXT   NOT NULL,
    book_no       BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    PRIMARY KEY (cash_account, cents, account_print, as_of, line_no)
); -- by key
CREATE INDEX recon_line_ref ON recon_line (cash_account, ref, cents) WHERE ref <> '';

-- Lines and what was found to explain them, until they are booked so.
CREATE TABLE recon_pair (
    account_print TEXT   NOT NULL,
    as_of         TEXT   NOT NULL,
    line_no       BIGINT NOT NULL CHECK (line_no = CAST(line_no AS BIGINT)),
    account_no    BIGINT NOT NULL CHECK (account_no = CAST(account_no AS BIGINT)),
    source        TEXT   NOT NULL,
    cents         BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT)),
    rule          TEXT   NOT NULL,
    PRIMARY KEY (account_print, as_of, line_no, account_no, source)
); -- by key
CREATE INDEX recon_pair_of ON recon_pair (account_no, source);

-- What a person has to look at: a line that nothing explains, an expected settlement
-- that is late, a statement that does not continue the one before.
CREATE TABLE recon_exception (
    exception_id TEXT   NOT NULL PRIMARY KEY,
    kind         TEXT   NOT NULL,
    cash_account BIGINT NOT NULL CHECK (cash_account = CAST(cash_account AS BIGINT)),
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    line_no      BIGINT NOT NULL CHECK (line_no = CAST(line_no AS BIGINT)),
    account_no   BIGINT NOT NULL CHECK (account_no = CAST(account_no AS BIGINT)),
    subject      TEXT   NOT NULL,
    cents        BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT)),
    open_cents   BIGINT NOT NULL CHECK (open_cents = CAST(open_cents AS BIGINT)),
    opened_on    TEXT   NOT NULL,
    limit_on     TEXT   NOT NULL,
    owner        TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    ended_on     TEXT   NOT NULL
); -- by key
CREATE INDEX recon_exception_open ON recon_exception (opened_on, exception_id) WHERE state = 'open';
CREATE INDEX recon_exception_line ON recon_exception (book_no, line_no) WHERE book_no <> 0;

-- What was done about an exception. note is sealed: it can name people.
CREATE TABLE recon_act (
    exception_id TEXT   NOT NULL,
    act_no       BIGINT NOT NULL CHECK (act_no = CAST(act_no AS BIGINT) AND act_no > 0),
    done_at      BIGINT NOT NULL CHECK (done_at = CAST(done_at AS BIGINT)),
    actor        TEXT   NOT NULL CHECK (actor <> ''),
    act          TEXT   NOT NULL,
    sealed       BYTEA  NOT NULL,
    PRIMARY KEY (exception_id, act_no)
); -- by key

-- How far something that is reckoned from the journal has come.
CREATE TABLE recon_progress (
    name     TEXT   NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL CHECK (position = CAST(position AS BIGINT))
); -- by key

-- Up to which day a legal entity's books take no posting any more. held_on is further
-- on while a close is under way.
CREATE TABLE day_lock (
    entity_no BIGINT NOT NULL PRIMARY KEY CHECK (entity_no = CAST(entity_no AS BIGINT)),
    held_on   TEXT   NOT NULL
); -- by key

-- Days that were closed, with what proved them. digest covers the report and the
-- digest of the close before; close_no is the seal taken with it.
CREATE TABLE day_close (
    entity_no BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    day       TEXT   NOT NULL,
    closed_at BIGINT NOT NULL CHECK (closed_at = CAST(closed_at AS BIGINT)),
    actor     TEXT   NOT NULL CHECK (actor <> ''),
    close_no  BIGINT NOT NULL CHECK (close_no = CAST(close_no AS BIGINT)),
    report    TEXT   NOT NULL,
    previous  BYTEA  NOT NULL,
    digest    BYTEA  NOT NULL,
    key_id    TEXT   NOT NULL,
    signature BYTEA  NOT NULL,
    PRIMARY KEY (entity_no, day)
); -- by key

-- +goose Down
DROP TABLE day_close;
DROP TABLE day_lock;
DROP TABLE recon_progress;
DROP TABLE recon_act;
DROP TABLE recon_exception;
DROP TABLE recon_pair;
DROP TABLE recon_line;
DROP TABLE recon_open;
DROP TABLE payout_flow;
DROP TABLE expected;
DROP INDEX posting_clearing;
DROP TABLE clearing_flow;
DROP TABLE bank_entry;
DROP TABLE bank_day;
DROP TABLE bank_text;
DROP TABLE bank_line;
DROP TABLE bank_mark;
DROP TABLE bank_statement;
