-- +goose Up

-- Which payers paid which account before: a keyed fingerprint of bank, account and
-- name, the account whose number was given, and the transaction that placed the money.
CREATE TABLE known_payer (
    print      TEXT   NOT NULL CHECK (print <> ''),
    account_no BIGINT NOT NULL CHECK (account_no = CAST(account_no AS BIGINT) AND account_no > 0),
    placed_in  BIGINT NOT NULL CHECK (placed_in = CAST(placed_in AS BIGINT)),
    placed_seq BIGINT NOT NULL CHECK (placed_seq = CAST(placed_seq AS BIGINT)),
    payment_id TEXT   NOT NULL CHECK (payment_id <> ''),
    PRIMARY KEY (print, account_no, placed_in, placed_seq)
); -- by key

-- What was done about money that waits, in suspense or unapplied: who it was given to,
-- notes, letters, what was asked for and what became of it. book_no and seq are those of
-- the money's row.
CREATE TABLE held_event (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    seq          BIGINT NOT NULL CHECK (seq = CAST(seq AS BIGINT)),
    event_no     BIGINT NOT NULL CHECK (event_no = CAST(event_no AS BIGINT) AND event_no > 0),
    kind         TEXT   NOT NULL CHECK (kind IN ('assigned', 'note', 'bank_asked', 'notice_sent', 'asked', 'released', 'sent_back', 'matched')),
    actor        TEXT   NOT NULL CHECK (actor <> ''),
    made_at      BIGINT NOT NULL CHECK (made_at = CAST(made_at AS BIGINT)),
    owner        TEXT   NOT NULL,
    note         TEXT   NOT NULL,
    to_no        BIGINT NOT NULL CHECK (to_no = CAST(to_no AS BIGINT) AND to_no >= 0),
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents >= 0),
    PRIMARY KEY (book_no, seq, event_no)
); -- by key

-- Items of a file's chunk that another file had brought, by an identity that the network
-- gives to no other payment. file_progress counts the others.
CREATE TABLE file_told_again (
    book_no     BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    lane        BIGINT NOT NULL CHECK (lane = CAST(lane AS BIGINT)),
    chunk_no    BIGINT NOT NULL CHECK (chunk_no = CAST(chunk_no AS BIGINT)),
    items       BIGINT NOT NULL CHECK (items = CAST(items AS BIGINT) AND items > 0),
    total_cents BIGINT NOT NULL CHECK (total_cents = CAST(total_cents AS BIGINT) AND total_cents > 0),
    PRIMARY KEY (book_no, lane, chunk_no)
); -- by key

-- The oldest unapplied money first.
CREATE INDEX unapplied_open ON unapplied (received_on, book_no, seq) WHERE open_cents > 0;

-- +goose Down
DROP INDEX unapplied_open;
DROP TABLE file_told_again;
DROP TABLE held_event;
DROP TABLE known_payer;
