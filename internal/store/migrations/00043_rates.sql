-- +goose Up

-- Rate tables as they were accepted. The newest is in force, the others are kept.
CREATE TABLE rate_table (
    rate_no     BIGINT NOT NULL PRIMARY KEY CHECK (rate_no = CAST(rate_no AS BIGINT) AND rate_no > 0),
    accepted_at BIGINT NOT NULL CHECK (accepted_at = CAST(accepted_at AS BIGINT)),
    name        TEXT   NOT NULL,
    body        TEXT   NOT NULL
);

-- +goose Down
DROP TABLE rate_table;
