-- +goose Up

-- How a consent to electronic letters was given or taken back, where the proof of
-- it is, who noted it and when. Rows from before say nothing of it.
ALTER TABLE e_consent ADD COLUMN how TEXT NOT NULL DEFAULT '';
ALTER TABLE e_consent ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
ALTER TABLE e_consent ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE e_consent ADD COLUMN noted_at BIGINT NOT NULL DEFAULT 0 CHECK (noted_at = CAST(noted_at AS BIGINT));

-- Control totals of a print file: sheets to mail, and what its bills ask for.
ALTER TABLE notice_print ADD COLUMN pages BIGINT NOT NULL DEFAULT 0 CHECK (pages = CAST(pages AS BIGINT));
ALTER TABLE notice_print ADD COLUMN cents BIGINT NOT NULL DEFAULT 0 CHECK (cents = CAST(cents AS BIGINT));

-- Links that were mailed, by the digest of a token that is kept nowhere.
CREATE TABLE notice_link (
    token_digest TEXT   NOT NULL PRIMARY KEY CHECK (token_digest <> ''),
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    notice_key   TEXT   NOT NULL CHECK (notice_key <> ''),
    issued_at    BIGINT NOT NULL CHECK (issued_at = CAST(issued_at AS BIGINT)),
    expires_at   BIGINT NOT NULL CHECK (expires_at = CAST(expires_at AS BIGINT) AND expires_at > issued_at),
    revoked_at   BIGINT NOT NULL CHECK (revoked_at = CAST(revoked_at AS BIGINT))
); -- by key
CREATE INDEX notice_link_book ON notice_link (book_no);

-- +goose Down
DROP TABLE notice_link;
ALTER TABLE notice_print DROP COLUMN cents;
ALTER TABLE notice_print DROP COLUMN pages;
ALTER TABLE e_consent DROP COLUMN noted_at;
ALTER TABLE e_consent DROP COLUMN actor;
ALTER TABLE e_consent DROP COLUMN evidence;
ALTER TABLE e_consent DROP COLUMN how;
