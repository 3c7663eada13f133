-- +goose Up

-- A signed close over everything that came since the one before.
CREATE TABLE seal (
    close_no     BIGINT NOT NULL PRIMARY KEY CHECK (close_no = CAST(close_no AS BIGINT)),
    closed_on    TEXT   NOT NULL,
    closed_at    BIGINT NOT NULL CHECK (closed_at = CAST(closed_at AS BIGINT)),
    transactions BIGINT NOT NULL CHECK (transactions = CAST(transactions AS BIGINT)),
    root         BYTEA  NOT NULL,
    totals       BYTEA  NOT NULL,
    previous     BYTEA  NOT NULL,
    digest       BYTEA  NOT NULL,
    key_id       TEXT   NOT NULL,
    signature    BYTEA  NOT NULL
); -- by key

-- The Merkle root over a close's transactions of one range of books.
CREATE TABLE seal_range (
    close_no BIGINT NOT NULL CHECK (close_no = CAST(close_no AS BIGINT)),
    range_no BIGINT NOT NULL CHECK (range_no = CAST(range_no AS BIGINT)),
    leaves   BIGINT NOT NULL CHECK (leaves = CAST(leaves AS BIGINT)),
    root     BYTEA  NOT NULL,
    PRIMARY KEY (close_no, range_no)
); -- by key

-- What a close's transactions posted to each ledger account.
CREATE TABLE seal_total (
    close_no     BIGINT NOT NULL CHECK (close_no = CAST(close_no AS BIGINT)),
    account_no   BIGINT NOT NULL CHECK (account_no = CAST(account_no AS BIGINT)),
    debit_cents  BIGINT NOT NULL CHECK (debit_cents = CAST(debit_cents AS BIGINT)),
    credit_cents BIGINT NOT NULL CHECK (credit_cents = CAST(credit_cents AS BIGINT)),
    PRIMARY KEY (close_no, account_no)
); -- by key

-- Which of a book's transactions a close sealed: those after seq_from up to seq_to.
CREATE TABLE seal_book (
    book_no  BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    close_no BIGINT NOT NULL CHECK (close_no = CAST(close_no AS BIGINT)),
    seq_from BIGINT NOT NULL CHECK (seq_from = CAST(seq_from AS BIGINT)),
    seq_to   BIGINT NOT NULL CHECK (seq_to = CAST(seq_to AS BIGINT) AND seq_to > seq_from),
    PRIMARY KEY (book_no, close_no)
); -- by key

-- +goose Down
DROP TABLE seal_book;
DROP TABLE seal_total;
DROP TABLE seal_range;
DROP TABLE seal;
