-- +goose Up

-- What was tried, by whom or what (a keyed fingerprint), in slices of a sliding
-- window that is named with the measure. last_at is when a failure was counted;
-- after ends_at the row matters to nobody.
CREATE TABLE limit_count (
    subject    TEXT   NOT NULL CHECK (subject <> ''),
    measure    TEXT   NOT NULL,
    started_at BIGINT NOT NULL CHECK (started_at = CAST(started_at AS BIGINT)),
    about      TEXT   NOT NULL,
    n          BIGINT NOT NULL CHECK (n = CAST(n AS BIGINT)),
    last_at    BIGINT NOT NULL CHECK (last_at = CAST(last_at AS BIGINT)),
    ends_at    BIGINT NOT NULL CHECK (ends_at = CAST(ends_at AS BIGINT)),
    PRIMARY KEY (subject, measure, started_at, about)
); -- by key
CREATE INDEX limit_count_end ON limit_count (ends_at);

-- The code that was sent last for a device, and which mailbox read it; all as
-- keyed fingerprints.
CREATE TABLE limit_code (
    device     TEXT   NOT NULL PRIMARY KEY,
    code_print TEXT   NOT NULL,
    mailbox    TEXT   NOT NULL,
    domain     TEXT   NOT NULL,
    tries      BIGINT NOT NULL CHECK (tries = CAST(tries AS BIGINT) AND tries >= 0),
    used       BIGINT NOT NULL CHECK (used = CAST(used AS BIGINT) AND used IN (0, 1)),
    ends_at    BIGINT NOT NULL CHECK (ends_at = CAST(ends_at AS BIGINT))
); -- by key
CREATE INDEX limit_code_end ON limit_code (ends_at);

-- +goose Down
DROP TABLE limit_code;
DROP TABLE limit_count;
