-- The database of one log: one SQLite file, one writer.
-- Numbers of the platform are 63-bit integers, hashes are blobs of 32 bytes, moments are milliseconds of Unix time.

PRAGMA application_id = 0x56726261; -- "Vrba"
PRAGMA user_version = 1;

-- Which log this is. One row, written by `init`.
CREATE TABLE log (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    origin TEXT NOT NULL,
    vkey   TEXT NOT NULL
) STRICT;

-- Public. The entries of the log, their LF included: the tree is made of them and of nothing else.
CREATE TABLE entry (
    idx  INTEGER PRIMARY KEY,
    line TEXT NOT NULL
) STRICT;

-- Public. Every head that was ever signed; a head leaves the program only after it stands here.
CREATE TABLE head (
    size       INTEGER PRIMARY KEY,
    root       BLOB NOT NULL CHECK (length(root) = 32),
    checkpoint TEXT NOT NULL
) STRICT;

-- Private. Which message became which note. The message's number is unique: no message is sealed twice.
CREATE TABLE note (
    n            INTEGER PRIMARY KEY,
    idx          INTEGER NOT NULL UNIQUE REFERENCES entry (idx),
    message      INTEGER NOT NULL UNIQUE,
    conversation TEXT NOT NULL,
    count        INTEGER NOT NULL,
    commitment   BLOB NOT NULL CHECK (length(commitment) = 32),
    UNIQUE (conversation, count)
) STRICT;

-- Private. The opening of each note, encrypted with age to the officials' keys. A row may be deleted (shredded): the
-- entry and its commitment remain.
CREATE TABLE opening (
    n      INTEGER PRIMARY KEY REFERENCES note (n),
    sealed BLOB NOT NULL
) STRICT;

-- What is to be posted. Written before the first attempt; `first` and `last` for notes, `date` for a heartbeat.
CREATE TABLE intent (
    id    INTEGER PRIMARY KEY,
    first INTEGER,
    last  INTEGER,
    date  TEXT UNIQUE,
    size  INTEGER NOT NULL REFERENCES head (size),
    text  TEXT NOT NULL UNIQUE,
    CHECK ((first IS NULL) = (last IS NULL) AND (first IS NULL) <> (date IS NULL))
) STRICT;

-- Every attempt to post, written before it is made. `failed` is set if the platform surely did not do it; as long as it
-- is 0 and there is no result, nobody knows, and the post must be looked for.
CREATE TABLE attempt (
    id     INTEGER PRIMARY KEY,
    intent INTEGER NOT NULL REFERENCES intent (id),
    at     INTEGER NOT NULL,
    failed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX attempt_of_intent ON attempt (intent);

-- Where it was posted.
CREATE TABLE result (
    intent INTEGER PRIMARY KEY REFERENCES intent (id),
    post   INTEGER NOT NULL UNIQUE,
    at     INTEGER NOT NULL
) STRICT;

-- The watcher's cursor: nothing with a number up to `message` is ever sealed (one row, set at the first start), and
-- every message that has been dealt with, formal or not.
CREATE TABLE start (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    message INTEGER NOT NULL
) STRICT;
CREATE TABLE seen (
    message INTEGER PRIMARY KEY
) STRICT;

-- The account that posts, as the platform last named it: for proofs.
CREATE TABLE account (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    id   INTEGER NOT NULL,
    name TEXT NOT NULL
) STRICT;

-- Correspondents whom the operator names, and whom the name meant when it was first looked up: a name can change hands.
CREATE TABLE correspondent (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    id   INTEGER NOT NULL
) STRICT;

-- When each loop last had nothing left to do, and what troubles it now: for `status`, and for the watcher, which must
-- know how long nobody looked.
CREATE TABLE loop (
    name    TEXT PRIMARY KEY,
    done    INTEGER,
    trouble TEXT
) STRICT;

-- What is evidence is never changed, removed or replaced: the database itself refuses.
CREATE TRIGGER log_changed BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the names of a log are never changed'); END;
CREATE TRIGGER log_removed BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the names of a log are never removed'); END;
CREATE TRIGGER log_added BEFORE INSERT ON log WHEN EXISTS (SELECT 1 FROM log)
    BEGIN SELECT RAISE(ABORT, 'the names of a log are dense, and never replaced'); END;
CREATE TRIGGER entry_changed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entry_removed BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;
CREATE TRIGGER entry_added BEFORE INSERT ON entry WHEN NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM entry)
    BEGIN SELECT RAISE(ABORT, 'entries are dense, and never replaced'); END;
CREATE TRIGGER head_changed BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'heads are never changed'); END;
CREATE TRIGGER head_removed BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'heads are never removed'); END;
CREATE TRIGGER head_added BEFORE INSERT ON head WHEN EXISTS (SELECT 1 FROM head WHERE size = NEW.size)
    BEGIN SELECT RAISE(ABORT, 'heads are dense, and never replaced'); END;
CREATE TRIGGER note_changed BEFORE UPDATE ON note BEGIN SELECT RAISE(ABORT, 'notes are never changed'); END;
CREATE TRIGGER note_removed BEFORE DELETE ON note BEGIN SELECT RAISE(ABORT, 'notes are never removed'); END;
CREATE TRIGGER note_added BEFORE INSERT ON note WHEN NEW.n <> (SELECT coalesce(max(n) + 1, 1) FROM note)
    BEGIN SELECT RAISE(ABORT, 'notes are dense, and never replaced'); END;
CREATE TRIGGER opening_changed BEFORE UPDATE ON opening BEGIN SELECT RAISE(ABORT, 'openings are never changed'); END;
CREATE TRIGGER opening_added BEFORE INSERT ON opening WHEN EXISTS (SELECT 1 FROM opening WHERE n = NEW.n)
    BEGIN SELECT RAISE(ABORT, 'openings are dense, and never replaced'); END;
CREATE TRIGGER intent_changed BEFORE UPDATE ON intent BEGIN SELECT RAISE(ABORT, 'intents are never changed'); END;
CREATE TRIGGER intent_removed BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'intents are never removed'); END;
CREATE TRIGGER intent_added BEFORE INSERT ON intent WHEN EXISTS (SELECT 1 FROM intent WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'intents are dense, and never replaced'); END;
CREATE TRIGGER result_changed BEFORE UPDATE ON result BEGIN SELECT RAISE(ABORT, 'results are never changed'); END;
CREATE TRIGGER result_removed BEFORE DELETE ON result BEGIN SELECT RAISE(ABORT, 'results are never removed'); END;
CREATE TRIGGER result_added BEFORE INSERT ON result WHEN EXISTS (SELECT 1 FROM result WHERE intent = NEW.intent)
    BEGIN SELECT RAISE(ABORT, 'results are dense, and never replaced'); END;
