-- +goose Up

-- People who hold a number. Names and birth dates stand in clear so that staff
-- find them; the social security number is sealed, and found by a keyed hash.
-- version guards a change that was decided on an older state.
CREATE TABLE person (
    book_no          BIGINT NOT NULL PRIMARY KEY CHECK (book_no = CAST(book_no AS BIGINT)),
    version          BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    source           TEXT   NOT NULL,
    subscriber_id    TEXT   NOT NULL,
    suffix           TEXT   NOT NULL,
    group_no         TEXT   NOT NULL,
    relationship     TEXT   NOT NULL,
    name_prefix      TEXT   NOT NULL,
    first_name       TEXT   NOT NULL,
    middle_name      TEXT   NOT NULL,
    last_name        TEXT   NOT NULL,
    name_suffix      TEXT   NOT NULL,
    last_key         TEXT   NOT NULL,
    birth_date       TEXT   NOT NULL,
    death_date       TEXT   NOT NULL,
    sex              TEXT   NOT NULL,
    ssn_sealed       BYTEA  NOT NULL,
    ssn_print        TEXT   NOT NULL,
    record_no        TEXT   NOT NULL,
    phone            TEXT   NOT NULL,
    email            TEXT   NOT NULL,
    spoken_language  TEXT   NOT NULL,
    written_language TEXT   NOT NULL,
    format           TEXT   NOT NULL,
    contact_by       TEXT   NOT NULL,
    region           TEXT   NOT NULL,
    subscriber_no    BIGINT NOT NULL CHECK (subscriber_no = CAST(subscriber_no AS BIGINT)),
    guarantor_no     BIGINT NOT NULL CHECK (guarantor_no = CAST(guarantor_no AS BIGINT)),
    sponsor_no       BIGINT NOT NULL CHECK (sponsor_no = CAST(sponsor_no AS BIGINT)),
    sponsor_pays     BIGINT NOT NULL CHECK (sponsor_pays = CAST(sponsor_pays AS BIGINT) AND sponsor_pays IN (0, 1)),
    conflicts        BYTEA  NOT NULL,
    conflicts_open   BIGINT NOT NULL CHECK (conflicts_open = CAST(conflicts_open AS BIGINT)),
    changed_at       BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT))
);
CREATE INDEX person_name ON person (last_key, birth_date);
CREATE INDEX person_source ON person (source, book_no);
CREATE INDEX person_ssn ON person (ssn_print) WHERE ssn_print <> '';
CREATE INDEX person_phone ON person (phone) WHERE phone <> '';

-- Employers, sponsors and agencies that hold a number.
CREATE TABLE organisation (
    book_no    BIGINT NOT NULL PRIMARY KEY CHECK (book_no = CAST(book_no AS BIGINT)),
    kind       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    sponsor_id TEXT   NOT NULL,
    group_no   TEXT   NOT NULL
);

-- Where to write: residence, mailing, confidential.
CREATE TABLE person_address (
    book_no BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    purpose TEXT   NOT NULL,
    line1   TEXT   NOT NULL,
    line2   TEXT   NOT NULL,
    city    TEXT   NOT NULL,
    state   TEXT   NOT NULL,
    zip     TEXT   NOT NULL,
    country TEXT   NOT NULL,
    PRIMARY KEY (book_no, purpose)
); -- by key

-- Stretches of coverage by line, numbered by their first day.
CREATE TABLE coverage_span (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    line      TEXT   NOT NULL,
    span_no   BIGINT NOT NULL CHECK (span_no = CAST(span_no AS BIGINT) AND span_no > 0),
    plan      TEXT   NOT NULL,
    from_on   TEXT   NOT NULL,
    to_on     TEXT   NOT NULL,
    cancelled BIGINT NOT NULL CHECK (cancelled = CAST(cancelled AS BIGINT) AND cancelled IN (0, 1)),
    PRIMARY KEY (book_no, line, span_no)
); -- by key

-- Whom a source named beside a member: its claim, which makes nobody a
-- representative.
CREATE TABLE responsible_party (
    book_no     BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    party_no    BIGINT NOT NULL CHECK (party_no = CAST(party_no AS BIGINT) AND party_no > 0),
    role        TEXT   NOT NULL,
    name_prefix TEXT   NOT NULL,
    first_name  TEXT   NOT NULL,
    middle_name TEXT   NOT NULL,
    last_name   TEXT   NOT NULL,
    name_suffix TEXT   NOT NULL,
    line1       TEXT   NOT NULL,
    line2       TEXT   NOT NULL,
    city        TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    zip         TEXT   NOT NULL,
    country     TEXT   NOT NULL,
    phone       TEXT   NOT NULL,
    PRIMARY KEY (book_no, party_no)
);

-- The people of one subscriber, whose number is book_no.
CREATE TABLE household_member (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    member_no BIGINT NOT NULL CHECK (member_no = CAST(member_no AS BIGINT)),
    PRIMARY KEY (book_no, member_no)
); -- by key

-- Who stands in for the person of book_no, on a document that staff saw or not.
CREATE TABLE representation (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    tie_no     BIGINT NOT NULL CHECK (tie_no = CAST(tie_no AS BIGINT) AND tie_no > 0),
    by_no      BIGINT NOT NULL CHECK (by_no = CAST(by_no AS BIGINT)),
    authority  TEXT   NOT NULL,
    from_on    TEXT   NOT NULL,
    to_on      TEXT   NOT NULL,
    verified   BIGINT NOT NULL CHECK (verified = CAST(verified AS BIGINT) AND verified IN (0, 1)),
    endangered BIGINT NOT NULL CHECK (endangered = CAST(endangered AS BIGINT) AND endangered IN (0, 1)),
    PRIMARY KEY (book_no, tie_no)
);

-- Whom the person of book_no, or who acted for them, lets see or pay.
CREATE TABLE payer_grant (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    tie_no     BIGINT NOT NULL CHECK (tie_no = CAST(tie_no AS BIGINT) AND tie_no > 0),
    payer_no   BIGINT NOT NULL CHECK (payer_no = CAST(payer_no AS BIGINT)),
    granted_by BIGINT NOT NULL CHECK (granted_by = CAST(granted_by AS BIGINT)),
    scope      BIGINT NOT NULL CHECK (scope = CAST(scope AS BIGINT)),
    funds      TEXT   NOT NULL,
    cap_cents  BIGINT NOT NULL CHECK (cap_cents = CAST(cap_cents AS BIGINT) AND cap_cents >= 0),
    from_on    TEXT   NOT NULL,
    expires_on TEXT   NOT NULL,
    revoked_on TEXT   NOT NULL,
    PRIMARY KEY (book_no, tie_no)
);

-- Who owes for the person of book_no, by fund, from a date on. It only grows: a
-- later entry for the same date corrects an earlier one. Where the history
-- stands today is copied to book.debtor_*.
CREATE TABLE debtor_history (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    entry_no  BIGINT NOT NULL CHECK (entry_no = CAST(entry_no AS BIGINT) AND entry_no > 0),
    fund_no   BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    from_on   TEXT   NOT NULL,
    debtor_no BIGINT NOT NULL CHECK (debtor_no = CAST(debtor_no AS BIGINT)),
    basis     TEXT   NOT NULL,
    PRIMARY KEY (book_no, entry_no)
); -- by key
CREATE INDEX debtor_turn ON debtor_history (from_on, book_no);

-- Global look-ups: what others call a person or sponsor -> the book. member_no
-- counts the people under one subscriber id, so that two imports at once cannot
-- enrol the same one twice.
CREATE TABLE enrolment_identity (
    source        TEXT   NOT NULL,
    subscriber_id TEXT   NOT NULL,
    member_no     BIGINT NOT NULL CHECK (member_no = CAST(member_no AS BIGINT) AND member_no > 0),
    book_no       BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    PRIMARY KEY (source, subscriber_id, member_no)
); -- by key
CREATE INDEX enrolment_subscriber ON enrolment_identity (subscriber_id);

CREATE TABLE record_number (
    record_no TEXT   NOT NULL PRIMARY KEY,
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT))
); -- by key

CREATE TABLE sponsor_identity (
    source     TEXT   NOT NULL,
    sponsor_id TEXT   NOT NULL,
    group_no   TEXT   NOT NULL,
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    PRIMARY KEY (source, sponsor_id, group_no)
); -- by key

-- Who read or changed whose record, why and from where. entry_no is gap-free within a
-- book and row_digest covers the row before it. Book 0 holds questions that
-- found nobody.
CREATE TABLE audit_entry (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    entry_no   BIGINT NOT NULL CHECK (entry_no = CAST(entry_no AS BIGINT) AND entry_no > 0),
    acted_at   BIGINT NOT NULL CHECK (acted_at = CAST(acted_at AS BIGINT)),
    actor      TEXT   NOT NULL CHECK (actor <> ''),
    action     TEXT   NOT NULL,
    reason     TEXT   NOT NULL CHECK (reason <> ''),
    source     TEXT   NOT NULL,
    result     TEXT   NOT NULL,
    row_digest BYTEA  NOT NULL,
    PRIMARY KEY (book_no, entry_no)
); -- by key

-- +goose Down
DROP TABLE audit_entry;
DROP TABLE sponsor_identity;
DROP TABLE record_number;
DROP TABLE enrolment_identity;
DROP TABLE debtor_history;
DROP TABLE payer_grant;
DROP TABLE representation;
DROP TABLE household_member;
DROP TABLE responsible_party;
DROP TABLE coverage_span;
DROP TABLE person_address;
DROP TABLE organisation;
DROP TABLE person;
