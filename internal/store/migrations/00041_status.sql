-- +goose Up

-- What happened to a policy or was decided about it: with what was billed and paid,
-- all that its payment status follows from.
CREATE TABLE policy_fact (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    fact_no   BIGINT NOT NULL CHECK (fact_no = CAST(fact_no AS BIGINT) AND fact_no > 0),
    kind      TEXT   NOT NULL,
    on_day    TEXT   NOT NULL,
    known_on  TEXT   NOT NULL,
    about_day TEXT   NOT NULL,
    notice    TEXT   NOT NULL,
    actor     TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    PRIMARY KEY (book_no, policy_no, fact_no)
); -- by key

-- A copy of a policy's status, which is derived and never the truth: for look-ups,
-- and for the daily run to know whom it may pass over.
CREATE TABLE policy_status (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no    BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    as_of        TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    since_on     TEXT   NOT NULL,
    paid_through TEXT   NOT NULL,
    ends_on      TEXT   NOT NULL,
    grace_from   TEXT   NOT NULL,
    grace_to     TEXT   NOT NULL,
    owed_cents   BIGINT NOT NULL CHECK (owed_cents = CAST(owed_cents AS BIGINT)),
    cure_cents   BIGINT NOT NULL CHECK (cure_cents = CAST(cure_cents AS BIGINT)),
    pay_by       TEXT   NOT NULL,
    look_on      TEXT   NOT NULL,
    version      BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT)),
    PRIMARY KEY (book_no, policy_no)
); -- by key

-- Every change of a policy's status, with its cause and the rule that it rests on.
CREATE TABLE status_change (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no    BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    change_no    BIGINT NOT NULL CHECK (change_no = CAST(change_no AS BIGINT) AND change_no > 0),
    on_day       TEXT   NOT NULL,
    from_state   TEXT   NOT NULL,
    to_state     TEXT   NOT NULL,
    cause        TEXT   NOT NULL,
    effective_on TEXT   NOT NULL,
    rerun        BIGINT NOT NULL CHECK (rerun = CAST(rerun AS BIGINT) AND rerun IN (0, 1)),
    rule_row     TEXT   NOT NULL,
    rule_version TEXT   NOT NULL,
    PRIMARY KEY (book_no, policy_no, change_no)
); -- by key

-- What a status made due, each once: letters, signals for claims, facts for the
-- exchange or CMS, tax credit to return, refunds, decisions, alarms.
CREATE TABLE policy_duty (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no    BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    duty_key     TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    on_day       TEXT   NOT NULL,
    due_by       TEXT   NOT NULL,
    what         TEXT   NOT NULL,
    month        TEXT   NOT NULL,
    signal       TEXT   NOT NULL,
    effective_on TEXT   NOT NULL,
    cents        BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT)),
    rule_row     TEXT   NOT NULL,
    noted_on     TEXT   NOT NULL,
    PRIMARY KEY (book_no, policy_no, duty_key)
); -- by key
CREATE INDEX policy_duty_due ON policy_duty (noted_on, kind);

-- +goose Down
DROP TABLE policy_duty;
DROP TABLE status_change;
DROP TABLE policy_status;
DROP TABLE policy_fact;
