-- +goose Up

-- Files that were made for partners. The bytes stand in kept_file_chunk under the
-- file's operating book, sealed. Control numbers are one series per receiver.
CREATE TABLE outbound_file (
    file_no  BIGINT NOT NULL PRIMARY KEY CHECK (file_no = CAST(file_no AS BIGINT) AND file_no > 0),
    kind     TEXT   NOT NULL CHECK (kind IN ('834', 'claims')),
    partner  TEXT   NOT NULL,
    receiver TEXT   NOT NULL CHECK (receiver <> ''),
    control  BIGINT NOT NULL CHECK (control = CAST(control AS BIGINT) AND control > 0),
    book_no  BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    folder   TEXT   NOT NULL,
    name     TEXT   NOT NULL CHECK (name <> ''),
    day      TEXT   NOT NULL,
    made_at  BIGINT NOT NULL CHECK (made_at = CAST(made_at AS BIGINT)),
    actor    TEXT   NOT NULL CHECK (actor <> ''),
    items    BIGINT NOT NULL CHECK (items = CAST(items AS BIGINT) AND items > 0),
    totals   TEXT   NOT NULL,
    sha256   TEXT   NOT NULL CHECK (sha256 <> ''),
    bytes    BIGINT NOT NULL CHECK (bytes = CAST(bytes AS BIGINT)),
    chunks   BIGINT NOT NULL CHECK (chunks = CAST(chunks AS BIGINT))
);
CREATE UNIQUE INDEX outbound_file_control ON outbound_file (kind, receiver, control);

-- Which enrolment fact was told in which file and transaction set. A fact is told
-- once; a further attempt needs somebody who asked for it.
CREATE TABLE outbound_fact (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    duty_key  TEXT   NOT NULL,
    attempt   BIGINT NOT NULL CHECK (attempt = CAST(attempt AS BIGINT) AND attempt > 0),
    file_no   BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT)),
    set_no    BIGINT NOT NULL CHECK (set_no = CAST(set_no AS BIGINT) AND set_no > 0),
    what      TEXT   NOT NULL,
    PRIMARY KEY (book_no, policy_no, duty_key, attempt)
); -- by key
CREATE INDEX outbound_fact_file ON outbound_fact (file_no, set_no);

-- Files that stand where their receiver fetches them.
CREATE TABLE outbound_placed (
    file_no BIGINT NOT NULL PRIMARY KEY CHECK (file_no = CAST(file_no AS BIGINT)),
    at      BIGINT NOT NULL CHECK (at = CAST(at AS BIGINT))
);

-- Who had a fact told anew that a partner rejected, and why.
CREATE TABLE outbound_again (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    duty_key  TEXT   NOT NULL,
    attempt   BIGINT NOT NULL CHECK (attempt = CAST(attempt AS BIGINT) AND attempt > 1),
    asked_at  BIGINT NOT NULL CHECK (asked_at = CAST(asked_at AS BIGINT)),
    actor     TEXT   NOT NULL CHECK (actor <> ''),
    reason    TEXT   NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (book_no, policy_no, duty_key, attempt)
); -- by key

-- What partners said of our files, from which file that came in.
CREATE TABLE outbound_answer (
    answer_book BIGINT NOT NULL CHECK (answer_book = CAST(answer_book AS BIGINT)),
    answer_no   BIGINT NOT NULL CHECK (answer_no = CAST(answer_no AS BIGINT) AND answer_no > 0),
    file_no     BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT)),
    level       TEXT   NOT NULL CHECK (level IN ('interchange', 'group', 'set')),
    set_no      BIGINT NOT NULL CHECK (set_no = CAST(set_no AS BIGINT)),
    verdict     TEXT   NOT NULL CHECK (verdict IN ('accepted', 'accepted_with_errors', 'partly', 'rejected')),
    complaints  TEXT   NOT NULL,
    answered_at BIGINT NOT NULL CHECK (answered_at = CAST(answered_at AS BIGINT)),
    PRIMARY KEY (answer_book, answer_no)
);
CREATE INDEX outbound_answer_file ON outbound_answer (file_no);

-- What the claims system was told of a policy's month, in the order in which it
-- was told.
CREATE TABLE claim_signal (
    seq       BIGINT NOT NULL PRIMARY KEY CHECK (seq = CAST(seq AS BIGINT) AND seq > 0),
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT) AND policy_no > 0),
    duty_key  TEXT   NOT NULL,
    month     TEXT   NOT NULL,
    signal    TEXT   NOT NULL,
    from_on   TEXT   NOT NULL,
    file_no   BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT))
);
CREATE UNIQUE INDEX claim_signal_duty ON claim_signal (book_no, policy_no, duty_key);
CREATE INDEX claim_signal_file ON claim_signal (file_no);

-- Why terms were added that no source stated: "aged_out".
ALTER TABLE policy_terms ADD COLUMN cause TEXT NOT NULL DEFAULT '';

-- The run of a business day as the schedule starts it: who runs it until when, how
-- it ended. A lease that has run out is a run that was killed.
CREATE TABLE day_run (
    day         TEXT   NOT NULL PRIMARY KEY,
    state       TEXT   NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    attempt     BIGINT NOT NULL CHECK (attempt = CAST(attempt AS BIGINT) AND attempt > 0),
    holder      TEXT   NOT NULL,
    lease_until BIGINT NOT NULL CHECK (lease_until = CAST(lease_until AS BIGINT)),
    began_at    BIGINT NOT NULL CHECK (began_at = CAST(began_at AS BIGINT)),
    ended_at    BIGINT NOT NULL CHECK (ended_at = CAST(ended_at AS BIGINT)),
    message     TEXT   NOT NULL,
    report      TEXT   NOT NULL
); -- by key

-- What an exchange's audit file states otherwise than our file, one row per policy
-- and field. Nothing is changed by it.
CREATE TABLE audit_finding (
    file_book  BIGINT NOT NULL CHECK (file_book = CAST(file_book AS BIGINT)),
    finding_no BIGINT NOT NULL CHECK (finding_no = CAST(finding_no AS BIGINT) AND finding_no > 0),
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    policy_no  BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT)),
    line       BIGINT NOT NULL CHECK (line = CAST(line AS BIGINT)),
    field      TEXT   NOT NULL CHECK (field <> ''),
    from_on    TEXT   NOT NULL,
    stated     TEXT   NOT NULL,
    on_file    TEXT   NOT NULL,
    PRIMARY KEY (file_book, finding_no)
);

-- Audit files that were held against our policies, with what came of it.
CREATE TABLE audit_compared (
    file_book   BIGINT NOT NULL PRIMARY KEY CHECK (file_book = CAST(file_book AS BIGINT)),
    compared_at BIGINT NOT NULL CHECK (compared_at = CAST(compared_at AS BIGINT)),
    source      TEXT   NOT NULL,
    rows_read   BIGINT NOT NULL CHECK (rows_read = CAST(rows_read AS BIGINT)),
    differing   BIGINT NOT NULL CHECK (differing = CAST(differing AS BIGINT)),
    unknown     BIGINT NOT NULL CHECK (unknown = CAST(unknown AS BIGINT)),
    covered     BIGINT NOT NULL CHECK (covered = CAST(covered AS BIGINT)),
    absent      BIGINT NOT NULL CHECK (absent = CAST(absent AS BIGINT))
); -- by key

-- +goose Down
DROP TABLE audit_compared;
DROP TABLE audit_finding;
DROP TABLE day_run;
ALTER TABLE policy_terms DROP COLUMN cause;
DROP TABLE claim_signal;
DROP TABLE outbound_answer;
DROP TABLE outbound_again;
DROP TABLE outbound_placed;
DROP TABLE outbound_fact;
DROP TABLE outbound_file;
