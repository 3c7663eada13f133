-- +goose Up

-- Which agency's account owes what others owe: HHS, CMS, a state's. An employer is
-- named by its policies.
CREATE TABLE payer (
    owner   TEXT   NOT NULL,
    scope   TEXT   NOT NULL,
    book_no BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    PRIMARY KEY (owner, scope)
); -- by key

-- What was billed to a payer of a run's premium lines, by coverage month. What is
-- found later of the same run is a row more.
CREATE TABLE payer_charge (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    run_no    BIGINT NOT NULL CHECK (run_no = CAST(run_no AS BIGINT)),
    month     TEXT   NOT NULL,
    charge_no BIGINT NOT NULL CHECK (charge_no = CAST(charge_no AS BIGINT) AND charge_no > 0),
    cents     BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT) AND cents <> 0),
    billed_on TEXT   NOT NULL,
    item_no   BIGINT NOT NULL CHECK (item_no = CAST(item_no AS BIGINT)),
    PRIMARY KEY (book_no, run_no, month, charge_no)
); -- by key
CREATE INDEX payer_charge_run ON payer_charge (run_no);

-- What a run made others owe is added up without reading what members owe.
CREATE INDEX premium_charge_others ON premium_charge (run_no) WHERE owner <> 'member';
CREATE INDEX policy_group ON policy (group_no) WHERE group_no <> 0;
CREATE INDEX policy_handle_id ON policy_handle (source_id);

-- Payments that an 820 explains, by the kept file and the set within it. A row is
-- written when all of its lines are.
CREATE TABLE remittance (
    file_no      BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT)),
    set_no       BIGINT NOT NULL CHECK (set_no = CAST(set_no AS BIGINT) AND set_no > 0),
    payer_no     BIGINT NOT NULL CHECK (payer_no = CAST(payer_no AS BIGINT)),
    guide        TEXT   NOT NULL,
    trace        TEXT   NOT NULL,
    originator   TEXT   NOT NULL,
    method       TEXT   NOT NULL,
    paid_on      TEXT   NOT NULL,
    month        TEXT   NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT)),
    lines        BIGINT NOT NULL CHECK (lines = CAST(lines AS BIGINT)),
    file_line    BIGINT NOT NULL CHECK (file_line = CAST(file_line AS BIGINT)),
    taken_at     BIGINT NOT NULL CHECK (taken_at = CAST(taken_at AS BIGINT)),
    actor        TEXT   NOT NULL CHECK (actor <> ''),
    PRIMARY KEY (file_no, set_no)
);

-- A payer's trace on a day explains one payment, once.
CREATE TABLE remittance_trace (
    payer_no BIGINT NOT NULL CHECK (payer_no = CAST(payer_no AS BIGINT)),
    trace    TEXT   NOT NULL,
    paid_on  TEXT   NOT NULL,
    file_no  BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT)),
    set_no   BIGINT NOT NULL CHECK (set_no = CAST(set_no AS BIGINT)),
    PRIMARY KEY (payer_no, trace, paid_on)
); -- by key

-- Every line of an 820 and whom it is for. What it says of them stands in the kept
-- file, at its line.
CREATE TABLE remittance_line (
    file_no       BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT)),
    set_no        BIGINT NOT NULL CHECK (set_no = CAST(set_no AS BIGINT)),
    line_no       BIGINT NOT NULL CHECK (line_no = CAST(line_no AS BIGINT) AND line_no > 0),
    file_line     BIGINT NOT NULL CHECK (file_line = CAST(file_line AS BIGINT)),
    kind          TEXT   NOT NULL,
    month         TEXT   NOT NULL,
    cents         BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT)),
    subscriber_no BIGINT NOT NULL CHECK (subscriber_no = CAST(subscriber_no AS BIGINT)),
    policy_no     BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT)),
    exception     TEXT   NOT NULL,
    PRIMARY KEY (file_no, set_no, line_no)
);

-- How each policy's month was paid, by the remittance that said something of it.
CREATE TABLE remittance_month (
    file_no       BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT)),
    set_no        BIGINT NOT NULL CHECK (set_no = CAST(set_no AS BIGINT)),
    month         TEXT   NOT NULL,
    subscriber_no BIGINT NOT NULL CHECK (subscriber_no = CAST(subscriber_no AS BIGINT)),
    policy_no     BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT)),
    payer_no      BIGINT NOT NULL CHECK (payer_no = CAST(payer_no AS BIGINT)),
    paid_cents    BIGINT NOT NULL CHECK (paid_cents = CAST(paid_cents AS BIGINT)),
    before_cents  BIGINT NOT NULL CHECK (before_cents = CAST(before_cents AS BIGINT)),
    billed_cents  BIGINT NOT NULL CHECK (billed_cents = CAST(billed_cents AS BIGINT)),
    result        TEXT   NOT NULL,
    PRIMARY KEY (file_no, set_no, month, subscriber_no, policy_no)
);
CREATE INDEX remittance_month_policy ON remittance_month (subscriber_no, policy_no, month);

-- Remittances whose money came and was applied.
CREATE TABLE remittance_settled (
    file_no    BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT)),
    set_no     BIGINT NOT NULL CHECK (set_no = CAST(set_no AS BIGINT)),
    settled_at BIGINT NOT NULL CHECK (settled_at = CAST(settled_at AS BIGINT)),
    claim_id   TEXT   NOT NULL,
    actor      TEXT   NOT NULL CHECK (actor <> ''),
    PRIMARY KEY (file_no, set_no)
); -- by key

-- +goose Down
DROP TABLE remittance_settled;
DROP TABLE remittance_month;
DROP TABLE remittance_line;
DROP TABLE remittance_trace;
DROP TABLE remittance;
DROP INDEX policy_handle_id;
DROP INDEX policy_group;
DROP INDEX premium_charge_others;
DROP TABLE payer_charge;
DROP TABLE payer;
