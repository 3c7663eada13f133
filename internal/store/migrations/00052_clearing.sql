-- +goose Up

-- Each entry that we send through the clearing house: debits of payers, credits of
-- refunds, prenotes, reversals of our own entries. What orders debits in great numbers
-- inserts here; everything after 'ready' is the clearing desk's. items names open items
-- as JSON, or is ''. trace is 0 until a file has the entry; then it is all fifteen digits.
CREATE TABLE ach_entry (
    book_no        BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    entry_id       TEXT   NOT NULL CHECK (entry_id <> ''),
    direction      TEXT   NOT NULL CHECK (direction IN ('debit', 'credit')),
    kind           TEXT   NOT NULL CHECK (kind IN ('payment', 'retry', 'prenote', 'reversal')),
    method_id      TEXT   NOT NULL CHECK (method_id <> ''),
    mandate_id     TEXT   NOT NULL,
    refund_id      TEXT   NOT NULL,
    entity_no      BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT) AND entity_no > 0),
    fund_no        BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT) AND fund_no > 0),
    sec            TEXT   NOT NULL CHECK (sec IN ('PPD', 'WEB', 'TEL', 'CCD')),
    recurring      BIGINT NOT NULL CHECK (recurring = CAST(recurring AS BIGINT) AND recurring IN (0, 1)),
    amount_cents   BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents BETWEEN 0 AND 9999999999),
    credit_on      TEXT   NOT NULL CHECK (credit_on <> ''),
    settle_on      TEXT   NOT NULL CHECK (settle_on <> ''),
    items          TEXT   NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('held', 'ready', 'filed', 'returned', 'cancelled', 'failed')),
    why            TEXT   NOT NULL,
    tries          BIGINT NOT NULL CHECK (tries = CAST(tries AS BIGINT) AND tries BETWEEN 0 AND 2),
    first_entry_id TEXT   NOT NULL,
    file_no        BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT) AND file_no >= 0),
    trace          BIGINT NOT NULL CHECK (trace = CAST(trace AS BIGINT) AND trace >= 0),
    return_code    TEXT   NOT NULL,
    returned_on    TEXT   NOT NULL,
    actor          TEXT   NOT NULL CHECK (actor <> ''),
    ordered_at     BIGINT NOT NULL CHECK (ordered_at = CAST(ordered_at AS BIGINT)),
    changed_at     BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    PRIMARY KEY (book_no, entry_id),
    CHECK ((kind = 'prenote') = (amount_cents = 0)),
    CHECK ((trace > 0) = (file_no > 0))
); -- by key
CREATE INDEX ach_entry_ready ON ach_entry (entity_no, fund_no, direction, sec, kind, book_no, entry_id, settle_on, amount_cents) WHERE state = 'ready';
CREATE INDEX ach_entry_held ON ach_entry (book_no, method_id) WHERE state = 'held';
CREATE INDEX ach_entry_trace ON ach_entry (trace) WHERE trace > 0;
CREATE INDEX ach_entry_first ON ach_entry (book_no, first_entry_id) WHERE first_entry_id <> '';

-- Files to the clearing house: one for a window, or several parts of it. The bytes stand
-- in kept_file_chunk under the file's operating book, sealed.
CREATE TABLE ach_file (
    file_no      BIGINT NOT NULL PRIMARY KEY CHECK (file_no = CAST(file_no AS BIGINT) AND file_no > 0),
    version      BIGINT NOT NULL CHECK (version = CAST(version AS BIGINT) AND version > 0),
    odfi         TEXT   NOT NULL CHECK (odfi <> ''),
    day          TEXT   NOT NULL CHECK (day <> ''),
    send_window  TEXT   NOT NULL CHECK (send_window <> ''),
    part_no      BIGINT NOT NULL CHECK (part_no = CAST(part_no AS BIGINT) AND part_no > 0),
    state        TEXT   NOT NULL CHECK (state IN ('building', 'built', 'approved', 'released', 'placed', 'acknowledged', 'withdrawing', 'withdrawn')),
    live         BIGINT NOT NULL CHECK (live = CAST(live AS BIGINT) AND live IN (0, 1)),
    same_day     BIGINT NOT NULL CHECK (same_day = CAST(same_day AS BIGINT) AND same_day IN (0, 1)),
    balanced     BIGINT NOT NULL CHECK (balanced = CAST(balanced AS BIGINT) AND balanced IN (0, 1)),
    effective_on TEXT   NOT NULL CHECK (effective_on <> ''),
    modifier     TEXT   NOT NULL CHECK (modifier <> ''),
    made_at      BIGINT NOT NULL CHECK (made_at = CAST(made_at AS BIGINT)),
    book_no      BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    name         TEXT   NOT NULL CHECK (name <> ''),
    trace_first  BIGINT NOT NULL CHECK (trace_first = CAST(trace_first AS BIGINT)),
    trace_last   BIGINT NOT NULL CHECK (trace_last = CAST(trace_last AS BIGINT)),
    batches      BIGINT NOT NULL CHECK (batches = CAST(batches AS BIGINT)),
    entries      BIGINT NOT NULL CHECK (entries = CAST(entries AS BIGINT)),
    debit_cents  BIGINT NOT NULL CHECK (debit_cents = CAST(debit_cents AS BIGINT)),
    credit_cents BIGINT NOT NULL CHECK (credit_cents = CAST(credit_cents AS BIGINT)),
    entry_hash   TEXT   NOT NULL,
    bytes        BIGINT NOT NULL CHECK (bytes = CAST(bytes AS BIGINT)),
    chunks       BIGINT NOT NULL CHECK (chunks = CAST(chunks AS BIGINT)),
    sha256       TEXT   NOT NULL,
    actor        TEXT   NOT NULL CHECK (actor <> ''),
    approved_by  TEXT   NOT NULL,
    released_at  BIGINT NOT NULL CHECK (released_at = CAST(released_at AS BIGINT)),
    placed_at    BIGINT NOT NULL CHECK (placed_at = CAST(placed_at AS BIGINT)),
    answered_at  BIGINT NOT NULL CHECK (answered_at = CAST(answered_at AS BIGINT)),
    answer       TEXT   NOT NULL,
    why          TEXT   NOT NULL
); -- by key
CREATE UNIQUE INDEX ach_file_window ON ach_file (odfi, day, send_window, part_no);
CREATE UNIQUE INDEX ach_file_building ON ach_file (odfi) WHERE state = 'building';

-- The batches of a file: what their entries have in common, and their totals. Traces run
-- without a gap over the batches; the last one of a balanced batch is its offset's.
CREATE TABLE ach_batch (
    file_no      BIGINT NOT NULL CHECK (file_no = CAST(file_no AS BIGINT) AND file_no > 0),
    batch_no     BIGINT NOT NULL CHECK (batch_no = CAST(batch_no AS BIGINT) AND batch_no > 0),
    entity_no    BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no      BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    direction    TEXT   NOT NULL CHECK (direction IN ('debit', 'credit')),
    kind         TEXT   NOT NULL,
    sec          TEXT   NOT NULL,
    company      TEXT   NOT NULL CHECK (company <> ''),
    company_name TEXT   NOT NULL,
    description  TEXT   NOT NULL CHECK (description <> ''),
    settles_on   TEXT   NOT NULL CHECK (settles_on <> ''),
    trace_first  BIGINT NOT NULL CHECK (trace_first = CAST(trace_first AS BIGINT)),
    trace_last   BIGINT NOT NULL CHECK (trace_last = CAST(trace_last AS BIGINT) AND trace_last >= trace_first),
    entries      BIGINT NOT NULL CHECK (entries = CAST(entries AS BIGINT) AND entries > 0),
    amount_cents BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT) AND amount_cents >= 0),
    PRIMARY KEY (file_no, batch_no)
); -- by key
CREATE INDEX ach_batch_rate ON ach_batch (company, settles_on);

-- How the bank account of a payment method is validated before its first debit that
-- needs it, and what came of it.
CREATE TABLE ach_validation (
    book_no    BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    method_id  TEXT   NOT NULL CHECK (method_id <> ''),
    way        TEXT   NOT NULL CHECK (way IN ('prenote', 'micro_entries', 'service')),
    state      TEXT   NOT NULL CHECK (state IN ('asked', 'valid', 'failed')),
    entry_id   TEXT   NOT NULL,
    good_on    TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    asked_at   BIGINT NOT NULL CHECK (asked_at = CAST(asked_at AS BIGINT)),
    changed_at BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    PRIMARY KEY (book_no, method_id)
); -- by key
CREATE INDEX ach_validation_asked ON ach_validation (state, book_no) WHERE state = 'asked';

-- What came back of our entries, one row per item of the file that brought it: returns,
-- notifications of change, disputes of returns. entry_id is '' where no entry of ours
-- answers to it. One that is open is for a person. sealed holds what a notification
-- corrects, and what a return says in words.
CREATE TABLE ach_return (
    file_book      BIGINT NOT NULL CHECK (file_book = CAST(file_book AS BIGINT)),
    item_no        BIGINT NOT NULL CHECK (item_no = CAST(item_no AS BIGINT) AND item_no > 0),
    line           BIGINT NOT NULL CHECK (line = CAST(line AS BIGINT)),
    kind           TEXT   NOT NULL CHECK (kind IN ('return', 'dishonoured', 'contested', 'change', 'change_refused', 'debit')),
    code           TEXT   NOT NULL,
    company        TEXT   NOT NULL,
    trace          BIGINT NOT NULL CHECK (trace = CAST(trace AS BIGINT)),
    original_trace BIGINT NOT NULL CHECK (original_trace = CAST(original_trace AS BIGINT)),
    amount_cents   BIGINT NOT NULL CHECK (amount_cents = CAST(amount_cents AS BIGINT)),
    credit         BIGINT NOT NULL CHECK (credit = CAST(credit AS BIGINT) AND credit IN (0, 1)),
    settled_on     TEXT   NOT NULL,
    taken_at       BIGINT NOT NULL CHECK (taken_at = CAST(taken_at AS BIGINT)),
    book_no        BIGINT NOT NULL CHECK (book_no = CAST(book_no AS BIGINT)),
    entry_id       TEXT   NOT NULL,
    entity_no      BIGINT NOT NULL CHECK (entity_no = CAST(entity_no AS BIGINT)),
    fund_no        BIGINT NOT NULL CHECK (fund_no = CAST(fund_no AS BIGINT)),
    state          TEXT   NOT NULL CHECK (state IN ('taken', 'done', 'open', 'closed')),
    outcome        TEXT   NOT NULL,
    why            TEXT   NOT NULL,
    due_on         TEXT   NOT NULL,
    rated          BIGINT NOT NULL CHECK (rated = CAST(rated AS BIGINT) AND rated IN (0, 1)),
    sealed         BYTEA  NOT NULL,
    changed_at     BIGINT NOT NULL CHECK (changed_at = CAST(changed_at AS BIGINT)),
    changed_by     TEXT   NOT NULL,
    PRIMARY KEY (file_book, item_no)
); -- by key
CREATE INDEX ach_return_entry ON ach_return (book_no, entry_id);
CREATE INDEX ach_return_rate ON ach_return (company, settled_on, code) WHERE rated = 1;
CREATE INDEX ach_return_open ON ach_return (due_on, file_book, item_no) WHERE state = 'open';

-- +goose Down
DROP TABLE ach_return;
DROP TABLE ach_validation;
DROP TABLE ach_batch;
DROP TABLE ach_file;
DROP TABLE ach_entry;
