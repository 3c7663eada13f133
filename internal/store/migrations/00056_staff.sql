-- +goose Up

-- Acts that wait for a second person's word, and exactly what each is (digest, in
-- hexadecimal). The same act is asked for once.
CREATE TABLE approval_request (
    kind         TEXT   NOT NULL CHECK (kind <> ''),
    subject      TEXT   NOT NULL CHECK (subject <> ''),
    digest       TEXT   NOT NULL CHECK (length(digest) = 64),
    request_id   TEXT   NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents >= 0),
    maker        TEXT   NOT NULL CHECK (maker <> ''),
    reason       TEXT   NOT NULL CHECK (reason <> ''),
    made_at      BIGINT NOT NULL CHECK (made_at = CAST(made_at AS BIGINT)),
    PRIMARY KEY (kind, subject, digest)
); -- by key
CREATE INDEX approval_request_id ON approval_request (request_id);

-- The second person's word, once for a request. The maker stands here too, so that
-- no row can hold one person as both, however the name is written.
CREATE TABLE approval_decision (
    request_id TEXT   NOT NULL PRIMARY KEY,
    maker      TEXT   NOT NULL CHECK (maker <> ''),
    checker    TEXT   NOT NULL CHECK (checker <> ''),
    state      TEXT   NOT NULL CHECK (state IN ('agreed', 'refused', 'withdrawn')),
    decided_at BIGINT NOT NULL CHECK (decided_at = CAST(decided_at AS BIGINT)),
    note       TEXT   NOT NULL,
    CHECK (state = 'withdrawn' AND checker = maker OR state <> 'withdrawn' AND lower(checker) <> lower(maker))
); -- by key
CREATE INDEX approval_decision_when ON approval_decision (decided_at, request_id);

-- The office's people. Names are never given to another person, since they stand
-- in the books. roles are words with blanks between. version counts the changes.
CREATE TABLE staff (
    sign_in     TEXT   NOT NULL PRIMARY KEY CHECK (sign_in <> '' AND sign_in = lower(sign_in)),
    staff_id    TEXT   NOT NULL,
    display     TEXT   NOT NULL,
    roles       TEXT   NOT NULL CHECK (roles <> ''),
    state       TEXT   NOT NULL CHECK (state IN ('invited', 'active', 'locked', 'ended')),
    password    BYTEA  NOT NULL,
    invitation  TEXT   NOT NULL,
    invited_to  BIGINT NOT NULL CHECK (invited_to = CAST(invited_to AS BIGINT)),
    version     BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    created_at  BIGINT NOT NULL CHECK (created_at = CAST(created_at AS BIGINT)),
    created_by  TEXT   NOT NULL CHECK (created_by <> ''),
    changed_at  BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    changed_by  TEXT   NOT NULL CHECK (changed_by <> '')
); -- by key

-- What somebody has beside the password: the secret of an app that shows codes, or
-- a passkey's public key; sealed. step is the last code's, so that none counts twice.
CREATE TABLE staff_factor (
    staff_id  TEXT   NOT NULL,
    factor_id TEXT   NOT NULL,
    kind      TEXT   NOT NULL CHECK (kind IN ('totp', 'passkey')),
    sealed    BYTEA  NOT NULL,
    step      BIGINT NOT NULL CHECK (step = CAST(step AS BIGINT)),
    added_at  BIGINT NOT NULL CHECK (added_at = CAST(added_at AS BIGINT)),
    used_at   BIGINT NOT NULL CHECK (used_at = CAST(used_at AS BIGINT)),
    ended_at  BIGINT NOT NULL CHECK (ended_at = CAST(ended_at AS BIGINT)),
    PRIMARY KEY (staff_id, factor_id)
); -- by key

-- Codes for whoever has lost the second factor, as keyed hashes. Each counts once.
CREATE TABLE staff_recovery (
    staff_id   TEXT   NOT NULL,
    code_print TEXT   NOT NULL,
    made_at    BIGINT NOT NULL CHECK (made_at = CAST(made_at AS BIGINT)),
    ended_at   BIGINT NOT NULL CHECK (ended_at = CAST(ended_at AS BIGINT)),
    PRIMARY KEY (staff_id, code_print)
); -- by key

-- Sessions of the office, apart from those of members and guests. Only a digest of
-- the token stands here. Rows go when they end.
CREATE TABLE staff_session (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    staff_id   TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    started_at BIGINT NOT NULL CHECK (started_at = CAST(started_at AS BIGINT)),
    seen_at    BIGINT NOT NULL CHECK (seen_at = CAST(seen_at AS BIGINT)),
    expires_at BIGINT NOT NULL CHECK (expires_at = CAST(expires_at AS BIGINT))
); -- by key
CREATE INDEX staff_session_of ON staff_session (staff_id);
CREATE INDEX staff_session_expiry ON staff_session (expires_at);

-- +goose Down
DROP TABLE staff_session;
DROP TABLE staff_recovery;
DROP TABLE staff_factor;
DROP TABLE staff;
DROP TABLE approval_decision;
DROP TABLE approval_request;
