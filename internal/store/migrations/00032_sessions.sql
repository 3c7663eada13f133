-- +goose Up

-- Sessions of the pages. Only a digest of the token stands here, and what the
-- session holds is sealed. Rows go when they have expired.
CREATE TABLE web_session (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    sealed     BYTEA  NOT NULL,
    started_at BIGINT NOT NULL CHECK (started_at = CAST(started_at AS BIGINT)),
    seen_at    BIGINT NOT NULL CHECK (seen_at = CAST(seen_at AS BIGINT)),
    expires_at BIGINT NOT NULL CHECK (expires_at = CAST(expires_at AS BIGINT))
); -- by key
CREATE INDEX web_session_expiry ON web_session (expires_at);

-- What the card processor's script hashed to since when (PCI DSS 11.6.1).
CREATE TABLE payment_script (
    address TEXT   NOT NULL,
    seen_at BIGINT NOT NULL CHECK (seen_at = CAST(seen_at AS BIGINT)),
    sha256  TEXT   NOT NULL,
    PRIMARY KEY (address, seen_at)
);

-- +goose Down
DROP TABLE payment_script;
DROP TABLE web_session;
