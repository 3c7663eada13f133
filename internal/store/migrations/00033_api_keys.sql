-- +goose Up

-- Keys by which other systems use the operations over HTTP. Of a secret only a
-- keyed hash stands here. scopes are words with blanks between.
CREATE TABLE api_key (
    key_id       TEXT   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL,
    secret_print TEXT   NOT NULL,
    scopes       TEXT   NOT NULL,
    sandbox      BIGINT NOT NULL CHECK (sandbox = CAST(sandbox AS BIGINT) AND sandbox IN (0, 1)),
    created_at   BIGINT NOT NULL CHECK (created_at = CAST(created_at AS BIGINT)),
    created_by   TEXT   NOT NULL CHECK (created_by <> ''),
    revoked_at   BIGINT NOT NULL DEFAULT 0 CHECK (revoked_at = CAST(revoked_at AS BIGINT)),
    revoked_by   TEXT   NOT NULL DEFAULT ''
); -- by key

-- Payments by card over HTTP: the digest of the whole body that came with the
-- idempotency key, the card's token too.
CREATE TABLE api_order (
    payment_id  TEXT   NOT NULL PRIMARY KEY,
    body_digest TEXT   NOT NULL,
    bound_at    BIGINT NOT NULL CHECK (bound_at = CAST(bound_at AS BIGINT))
); -- by key

-- +goose Down
DROP TABLE api_order;
DROP TABLE api_key;
