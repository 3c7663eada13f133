-- +goose Up

-- The day on which a payment was sent, the postmark; '' when it is not known. A
-- premium of continuation coverage is paid on that day.
ALTER TABLE receipt ADD COLUMN sent_on TEXT NOT NULL DEFAULT '';
CREATE INDEX receipt_sent ON receipt (book_no) WHERE sent_on <> '';

-- +goose Down
DROP INDEX receipt_sent;
ALTER TABLE receipt DROP COLUMN sent_on;
