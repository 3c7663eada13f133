-- +goose Up

-- Letters that the premium rules make due, and facts for providers, as they were
-- made. The key names the duty: the same duty makes one notice.
CREATE TABLE notice (
    book_no     BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    notice_key  TEXT   NOT NULL CHECK (notice_key <> ''),
    policy_book BIGINT NOT NULL CHECK (policy_book = CAST(policy_book AS BIGINT)),
    policy_no   BIGINT NOT NULL CHECK (policy_no = CAST(policy_no AS BIGINT)),
    kind        TEXT   NOT NULL CHECK (kind <> ''),
    due_by      TEXT   NOT NULL,
    made_on     TEXT   NOT NULL CHECK (made_on <> ''),
    language    TEXT   NOT NULL CHECK (language <> ''),
    review      TEXT   NOT NULL CHECK (review IN ('source', 'unreviewed', 'reviewed')),
    facts       TEXT   NOT NULL,
    PRIMARY KEY (book_no, notice_key)
);

-- On which roads a notice is still to go out. A row is taken in the transaction
-- that keeps its delivery.
CREATE TABLE notice_due (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    notice_key TEXT   NOT NULL,
    road       TEXT   NOT NULL CHECK (road IN ('choice', 'paper', 'copy')),
    PRIMARY KEY (book_no, notice_key, road)
); -- by key

-- Proof of what was sent when, how, and in which words.
CREATE TABLE notice_delivery (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    notice_key TEXT   NOT NULL,
    channel    TEXT   NOT NULL CHECK (channel IN ('paper', 'email')),
    result     TEXT   NOT NULL CHECK (result IN ('sent', 'refused')),
    at         BIGINT NOT NULL CHECK (at = CAST(at AS BIGINT)),
    ref        TEXT   NOT NULL,
    digest     TEXT   NOT NULL CHECK (digest <> ''),
    language   TEXT   NOT NULL,
    review     TEXT   NOT NULL CHECK (review IN ('source', 'unreviewed', 'reviewed')),
    PRIMARY KEY (book_no, notice_key, channel, result)
);

-- Files of letters that were made for the printer.
CREATE TABLE notice_print (
    name    TEXT   NOT NULL PRIMARY KEY,
    batch   TEXT   NOT NULL,
    file_no BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT) AND file_no > 0),
    letters BIGINT NOT NULL CHECK (letters = CAST(letters AS BIGINT) AND letters > 0),
    sha256  TEXT   NOT NULL CHECK (sha256 <> ''),
    control TEXT   NOT NULL,
    made_at BIGINT NOT NULL CHECK (made_at = CAST(made_at AS BIGINT))
);

-- Who agreed to receive letters electronically, and took it back: the row with the
-- highest number holds.
CREATE TABLE e_consent (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    consent_no   BIGINT NOT NULL CHECK (consent_no = CAST(consent_no AS BIGINT) AND consent_no > 0),
    given_on     TEXT   NOT NULL CHECK (given_on <> ''),
    withdrawn_on TEXT   NOT NULL CHECK (withdrawn_on = '' OR withdrawn_on >= given_on),
    wording      TEXT   NOT NULL CHECK (wording <> ''),
    address      TEXT   NOT NULL,
    PRIMARY KEY (book_no, consent_no)
);

-- +goose Down
DROP TABLE e_consent;
DROP TABLE notice_print;
DROP TABLE notice_delivery;
DROP TABLE notice_due;
DROP TABLE notice;
