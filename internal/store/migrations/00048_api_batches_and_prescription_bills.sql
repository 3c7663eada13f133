-- +goose Up

-- Policies that other systems sent under a key of theirs, each with the answer that
-- it got: the same key and content get it again.
CREATE TABLE api_batch (
    batch_id    TEXT   NOT NULL PRIMARY KEY CHECK (batch_id <> ''),
    body_digest TEXT   NOT NULL CHECK (body_digest <> ''),
    carried_at  BIGINT NOT NULL CHECK (carried_at = CAST(carried_at AS BIGINT)),
    actor       TEXT   NOT NULL,
    answer      TEXT   NOT NULL
);

-- An item of the Medicare Prescription Payment Plan: in the premium fund, and no
-- premium.
ALTER TABLE open_item ADD COLUMN prescription BIGINT NOT NULL DEFAULT 0
    CHECK (prescription = CAST(prescription AS BIGINT) AND prescription IN (0, 1));
-- Not on what is open: an update of that must not touch an index.
CREATE INDEX open_item_prescription ON open_item (book_no) WHERE prescription = 1;

-- The bills of that plan and their corrections, as they were given out. What a month
-- is billed in the end is the sum of its rows.
CREATE TABLE prescription_bill (
    book_no   BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    bill_no   BIGINT NOT NULL CHECK (bill_no = CAST(bill_no AS BIGINT) AND bill_no > 0),
    number    TEXT   NOT NULL CHECK (number <> ''),
    month     TEXT   NOT NULL CHECK (month <> ''),
    cents     BIGINT NOT NULL CHECK (cents = CAST(cents AS BIGINT) AND cents <> 0),
    issued_on TEXT   NOT NULL,
    due_on    TEXT   NOT NULL,
    item_book BIGINT NOT NULL CHECK (item_book = CAST(item_book AS BIGINT)),
    item_no   BIGINT NOT NULL CHECK (item_no = CAST(item_no AS BIGINT) AND item_no > 0),
    body      TEXT   NOT NULL,
    PRIMARY KEY (book_no, bill_no)
);

-- +goose Down
DROP TABLE prescription_bill;
DROP INDEX open_item_prescription;
ALTER TABLE open_item DROP COLUMN prescription;
DROP TABLE api_batch;
