-- +goose Up

-- An item that a coverage waits for: money that names nothing pays it before what
-- is older (45 CFR 147.104(i)).
ALTER TABLE open_item ADD COLUMN binder BIGINT NOT NULL DEFAULT 0 CHECK (binder = CAST(binder AS BIGINT) AND binder IN (0, 1));

-- A subscriber's coverage in one line: what is billed, effectuated and ended as one.
CREATE TABLE policy (
    book_no       BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no     BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    version       BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    line          TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    product       TEXT   NOT NULL,
    source        TEXT   NOT NULL,
    source_id     TEXT   NOT NULL,
    group_no      BIGINT NOT NULL CHECK (group_no = CAST(group_no AS BIGINT)),
    entry         TEXT   NOT NULL,
    from_on       TEXT   NOT NULL,
    to_on         TEXT   NOT NULL,
    end_reason    TEXT   NOT NULL,
    received_on   TEXT   NOT NULL,
    event_on      TEXT   NOT NULL,
    loss_on       TEXT   NOT NULL,
    notice_on     TEXT   NOT NULL,
    elected_on    TEXT   NOT NULL,
    months_most   BIGINT NOT NULL CHECK (months_most = CAST(months_most AS BIGINT)),
    disabled_from TEXT   NOT NULL,
    PRIMARY KEY (book_no, policy_no)
); -- by key

-- Which policy a source means by its id.
CREATE TABLE policy_handle (
    source    TEXT   NOT NULL,
    source_id TEXT   NOT NULL,
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    PRIMARY KEY (source, source_id)
); -- by key

-- What a policy's month costs from a date on. Rows are never changed: what became
-- known later (a higher terms_no) holds from its date on, also over what was known
-- before of later dates.
CREATE TABLE policy_terms (
    book_no        BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no      BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    terms_no       BIGINT NOT NULL CHECK (terms_no = CAST(terms_no AS BIGINT) AND terms_no > 0),
    from_on        TEXT   NOT NULL,
    known_on       TEXT   NOT NULL,
    product        TEXT   NOT NULL,
    area           TEXT   NOT NULL,
    rate_cents     BIGINT NOT NULL CHECK (rate_cents = CAST(rate_cents AS BIGINT)),
    stated         BIGINT NOT NULL CHECK (stated = CAST(stated AS BIGINT) AND stated IN (0, 1)),
    ehb_cents      BIGINT NOT NULL CHECK (ehb_cents = CAST(ehb_cents AS BIGINT)),
    aptc_cents     BIGINT NOT NULL CHECK (aptc_cents = CAST(aptc_cents AS BIGINT)),
    employer_cents BIGINT NOT NULL CHECK (employer_cents = CAST(employer_cents AS BIGINT)),
    subsidy_cents  BIGINT NOT NULL CHECK (subsidy_cents = CAST(subsidy_cents AS BIGINT)),
    lep_months     BIGINT NOT NULL CHECK (lep_months = CAST(lep_months AS BIGINT)),
    lis_full       BIGINT NOT NULL CHECK (lis_full = CAST(lis_full AS BIGINT) AND lis_full IN (0, 1)),
    members        TEXT   NOT NULL,
    PRIMARY KEY (book_no, policy_no, terms_no)
); -- by key

-- Months whose premium SSA or RRB withholds; as policy_terms, the later known holds.
CREATE TABLE policy_withhold (
    book_no     BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no   BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    withhold_no BIGINT NOT NULL CHECK (withhold_no = CAST(withhold_no AS BIGINT) AND withhold_no > 0),
    from_month  TEXT   NOT NULL,
    to_month    TEXT   NOT NULL,
    agency      TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    requested_on TEXT  NOT NULL,
    decided_on  TEXT   NOT NULL,
    PRIMARY KEY (book_no, policy_no, withhold_no)
); -- by key

-- What was billed for a policy's month, to whom, by which run. What a month costs
-- in the end is the sum of its rows: a change is a row more.
CREATE TABLE premium_charge (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    month     TEXT   NOT NULL,
    charge_no BIGINT NOT NULL CHECK (charge_no = CAST(charge_no AS BIGINT) AND charge_no > 0),
    kind      TEXT   NOT NULL,
    owner     TEXT   NOT NULL,
    cents     BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT) AND cents <> 0),
    from_on   TEXT   NOT NULL,
    to_on     TEXT   NOT NULL,
    run_no    BIGINT NOT NULL CHECK (run_no = CAST(run_no AS BIGINT)),
    billed_on TEXT   NOT NULL,
    item_book BIGINT NOT NULL CHECK (item_book = CAST(item_book AS BIGINT)),
    item_no   BIGINT NOT NULL CHECK (item_no = CAST(item_no AS BIGINT)),
    PRIMARY KEY (book_no, policy_no, month, charge_no)
); -- by key

-- How far a policy is billed, and on what it was known then: of one of which nothing
-- new is known only the next month is computed.
CREATE TABLE policy_billing (
    book_no        BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no      BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    billed_through TEXT   NOT NULL,
    version        BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT)),
    PRIMARY KEY (book_no, policy_no)
); -- by key

-- Bills, as they were given out. The number is the book's and the period's.
CREATE TABLE invoice (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    invoice_no BIGINT NOT NULL CHECK (invoice_no = CAST(invoice_no AS BIGINT) AND invoice_no > 0),
    number     TEXT   NOT NULL,
    period     TEXT   NOT NULL,
    sequence   BIGINT NOT NULL CHECK (sequence = CAST(sequence AS BIGINT) AND sequence > 0),
    posted_seq BIGINT NOT NULL CHECK (posted_seq = CAST(posted_seq AS BIGINT)),
    issued_on  TEXT   NOT NULL,
    due_on     TEXT   NOT NULL,
    due_cents  BIGINT NOT NULL CHECK (due_cents = CAST(due_cents AS BIGINT)),
    run_no     BIGINT NOT NULL CHECK (run_no = CAST(run_no AS BIGINT)),
    body       TEXT   NOT NULL,
    PRIMARY KEY (book_no, invoice_no)
);

-- Runs and how far they have come. A chunk commits with its mark.
CREATE TABLE run (
    run_no   BIGINT NOT NULL PRIMARY KEY CHECK (run_no = CAST(run_no AS BIGINT) AND run_no > 0),
    kind     TEXT   NOT NULL,
    period   TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    began_at BIGINT NOT NULL CHECK (began_at = CAST(began_at AS BIGINT))
); -- by key
CREATE TABLE run_chunk (
    run_no   BIGINT NOT NULL CHECK (run_no = CAST(run_no AS BIGINT)),
    from_no  BIGINT NOT NULL CHECK (from_no = CAST(from_no AS BIGINT)),
    to_no    BIGINT NOT NULL CHECK (to_no = CAST(to_no AS BIGINT)),
    done_at  BIGINT NOT NULL CHECK (done_at = CAST(done_at AS BIGINT)),
    report   TEXT   NOT NULL,
    PRIMARY KEY (run_no, from_no)
); -- by key

-- +goose Down
DROP TABLE run_chunk;
DROP TABLE run;
DROP TABLE invoice;
DROP TABLE policy_billing;
DROP TABLE premium_charge;
DROP TABLE policy_withhold;
DROP TABLE policy_terms;
DROP TABLE policy_handle;
DROP TABLE policy;
ALTER TABLE open_item DROP COLUMN binder;
