-- +goose Up

-- Where a feed of published facts ends. Its row is locked by whoever publishes,
-- so that positions are taken in the order in which they become visible.
CREATE TABLE feed (
    feed     TEXT   NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL CHECK (position = CAST(position AS BIGINT) AND position >= 0)
);
INSERT INTO feed (feed, position) VALUES ('facts', 0);

-- Published facts, one per transaction. account is an opaque id, or empty.
CREATE TABLE published_event (
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    seq          BIGINT NOT NULL CHECK (seq = CAST(seq AS BIGINT)),
    position     BIGINT NOT NULL CHECK (position = CAST(position AS BIGINT) AND position > 0),
    event_id     TEXT   NOT NULL,
    event        TEXT   NOT NULL,
    recorded_at  BIGINT NOT NULL CHECK (recorded_at = CAST(recorded_at AS BIGINT)),
    published_at BIGINT NOT NULL CHECK (published_at = CAST(published_at AS BIGINT)),
    account      TEXT   NOT NULL,
    data         TEXT   NOT NULL,
    PRIMARY KEY (book_no, seq)
);
CREATE UNIQUE INDEX published_event_position ON published_event (position);

-- +goose Down
DROP TABLE published_event;
DROP TABLE feed;
