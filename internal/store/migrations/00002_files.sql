-- +goose Up

-- Files that came in. book_no is the operating book of the file; its lanes have
-- the numbers that follow it.
CREATE TABLE kept_file (
    book_no      BIGINT NOT NULL PRIMARY KEY CHECK (book_no = CAST(book_no AS BIGINT)),
    opaque_id    TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    format       TEXT   NOT NULL,
    sha256       BYTEA  NOT NULL,
    bytes        BIGINT NOT NULL CHECK (bytes = CAST(bytes AS BIGINT)),
    business_id  TEXT   NOT NULL,
    verdict      TEXT   NOT NULL,
    facts        TEXT   NOT NULL,
    problems     TEXT   NOT NULL,
    items        BIGINT NOT NULL CHECK (items = CAST(items AS BIGINT)),
    total_cents  BIGINT NOT NULL CHECK (total_cents = CAST(total_cents AS BIGINT)),
    received_at  BIGINT NOT NULL CHECK (received_at = CAST(received_at AS BIGINT)),
    actor        TEXT   NOT NULL CHECK (actor <> ''),
    chunks       BIGINT NOT NULL CHECK (chunks = CAST(chunks AS BIGINT)),
    row_digest   BYTEA  NOT NULL
); -- by key

-- The same business file in any disguise has one identity and posts once.
CREATE TABLE file_identity (
    business_id TEXT   NOT NULL PRIMARY KEY,
    book_no     BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT))
); -- by key

-- The raw bytes, sealed, in order.
CREATE TABLE kept_file_chunk (
    book_no  BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    chunk_no BIGINT NOT NULL CHECK (chunk_no = CAST(chunk_no AS BIGINT)),
    sealed   BYTEA  NOT NULL,
    PRIMARY KEY (book_no, chunk_no)
);

-- How far a file's posting has come: a row per chunk of a lane.
CREATE TABLE file_progress (
    book_no     BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    lane        BIGINT NOT NULL CHECK (lane = CAST(lane AS BIGINT)),
    chunk_no    BIGINT NOT NULL CHECK (chunk_no = CAST(chunk_no AS BIGINT)),
    items       BIGINT NOT NULL CHECK (items = CAST(items AS BIGINT)),
    total_cents BIGINT NOT NULL CHECK (total_cents = CAST(total_cents AS BIGINT)),
    PRIMARY KEY (book_no, lane, chunk_no)
); -- by key

-- The operating book of a counter's drawer on a posting day.
CREATE TABLE till (
    drawer  TEXT   NOT NULL,
    day     TEXT   NOT NULL,
    book_no BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    PRIMARY KEY (drawer, day)
); -- by key

-- Codes printed on bills, by a keyed hash: each shows what is owed on its bill
-- and nothing else, until it expires.
CREATE TABLE statement_code (
    code_print TEXT   NOT NULL PRIMARY KEY,
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    expires_on TEXT   NOT NULL
); -- by key

-- A file whose posting has ended.
CREATE TABLE file_done (
    book_no BIGINT NOT NULL PRIMARY KEY CHECK (book_no = CAST(book_no AS BIGINT)),
    done_at BIGINT NOT NULL CHECK (done_at = CAST(done_at AS BIGINT)),
    report  TEXT   NOT NULL
); -- by key

-- +goose Down
DROP TABLE statement_code;
DROP TABLE till;
DROP TABLE file_done;
DROP TABLE file_progress;
DROP TABLE kept_file_chunk;
DROP TABLE file_identity;
DROP TABLE kept_file;
