-- Version 2, made of version 1: what is said in public besides commitments, what is sent as a direct message, and what
-- officials and strangers ask for.
--
-- Foreign keys are not enforced while this runs: `attempt` and `result` refer to `intent`, which is made anew.

PRAGMA user_version = 2;

-- What is to be posted. `first` and `last` for notes, `date` for a heartbeat: both show a head. A `part` of a mirror has
-- its note, what of it is opened, and its place; an `answer` the post that it answers, and the mention for which it was
-- made, if any. A part answers the post of the one before it. All but notes and heartbeats are written before their first
-- attempt.
CREATE TABLE intent_2 (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL CHECK (kind IN ('notes', 'heartbeat', 'part', 'answer', 'receipt')),
    first   INTEGER,
    last    INTEGER,
    date    TEXT UNIQUE,
    note    INTEGER,
    level   TEXT CHECK (level IN ('envelope', 'content')),
    place   INTEGER,
    count   INTEGER,
    mention INTEGER UNIQUE,
    answers INTEGER,
    before  INTEGER REFERENCES intent (id),
    alone   INTEGER CHECK (alone IN (0, 1)),
    size    INTEGER REFERENCES head (size),
    text    TEXT NOT NULL UNIQUE,
    UNIQUE (note, level, place),
    CHECK ((kind = 'notes') = (first IS NOT NULL) AND (first IS NULL) = (last IS NULL)),
    CHECK ((kind = 'heartbeat') = (date IS NOT NULL)),
    CHECK ((kind = 'part') = (place IS NOT NULL) AND (place IS NULL) = (count IS NULL) AND (place IS NULL) = (level IS NULL)),
    CHECK ((kind = 'answer') = (alone IS NOT NULL)),
    CHECK ((kind IN ('notes', 'heartbeat', 'receipt')) = (size IS NOT NULL))
) STRICT;
INSERT INTO intent_2 (id, kind, first, last, date, size, text)
    SELECT id, iif(date IS NULL, 'notes', 'heartbeat'), first, last, date, size, text FROM intent;
DROP TABLE intent;
ALTER TABLE intent_2 RENAME TO intent;
CREATE INDEX intent_of_notes ON intent (last);
CREATE TRIGGER intent_changed BEFORE UPDATE ON intent BEGIN SELECT RAISE(ABORT, 'intents are never changed'); END;
CREATE TRIGGER intent_removed BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'intents are never removed'); END;
CREATE TRIGGER intent_added BEFORE INSERT ON intent WHEN EXISTS (SELECT 1 FROM intent WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'intents are dense, and never replaced'); END;

-- Posts whose reply the platform has refused: from then on they, and the rest of their series, answer nothing.
CREATE TABLE unanswering (
    intent INTEGER PRIMARY KEY REFERENCES intent (id),
    at     INTEGER NOT NULL
) STRICT;

-- Answers that will not be posted, since the platform refuses them for good.
CREATE TABLE dropped (
    intent INTEGER PRIMARY KEY REFERENCES intent (id),
    at     INTEGER NOT NULL,
    why    TEXT NOT NULL
) STRICT;

-- Public. The files of what was opened, as they are on the site; and which of them a post of the mirror takes along.
CREATE TABLE release (
    note  INTEGER NOT NULL REFERENCES note (n),
    level TEXT NOT NULL CHECK (level IN ('envelope', 'content')),
    name  TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (note, level, name)
) STRICT;
CREATE TABLE enclosure (
    intent INTEGER NOT NULL REFERENCES intent (id),
    place  INTEGER NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (intent, place)
) STRICT;

-- Private. What was asked for: to open a note at a level, or to enter a dispute that stands in a post. Who asked and who
-- approved is kept for good.
CREATE TABLE request (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN ('open', 'dispute')),
    note     INTEGER NOT NULL,
    level    TEXT CHECK (level IN ('envelope', 'content')),
    post     INTEGER,
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'lapsed', 'refused')),
    ended_at INTEGER,
    why      TEXT,
    CHECK ((kind = 'open') = (level IS NOT NULL)),
    CHECK ((kind = 'dispute') = (post IS NOT NULL))
) STRICT;
CREATE INDEX request_of_state ON request (state);
CREATE TABLE approval (
    request INTEGER NOT NULL REFERENCES request (id),
    by      TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (request, by)
) STRICT;

-- The proof that an official hands over together with a request or an approval, until the request has ended. It is to be
-- public, and an official who may do so has said that it shall be.
CREATE TABLE handed (
    request INTEGER PRIMARY KEY REFERENCES request (id),
    proof   BLOB NOT NULL
) STRICT;

-- Public. The disputes that are in the log: no post is entered twice for the same note.
CREATE TABLE dispute (
    note INTEGER NOT NULL REFERENCES note (n),
    post INTEGER NOT NULL,
    PRIMARY KEY (note, post)
) STRICT;

-- The mentions that have been dealt with, and what was made of each, in a word.
CREATE TABLE mention (
    post   INTEGER PRIMARY KEY,
    author INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    what   TEXT NOT NULL
) STRICT;
CREATE INDEX mention_of_moment ON mention (at);

-- How far mentions were listened to: nothing up to `start` is ever answered (one row, set at the first start), and all up
-- to `mention` have been dealt with.
CREATE TABLE listened (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    start   INTEGER NOT NULL,
    mention INTEGER NOT NULL
) STRICT;

-- The code that an official was sent last, and the command that it confirms; how many wrong ones have come back.
CREATE TABLE code (
    official INTEGER PRIMARY KEY,
    code     TEXT NOT NULL,
    command  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    tries    INTEGER NOT NULL
) STRICT;

-- What officials have written to the account, as far as it is a command; and whether it has been dealt with.
CREATE TABLE command (
    message      INTEGER PRIMARY KEY,
    from_account INTEGER NOT NULL,
    text         TEXT NOT NULL,
    done         INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Direct messages to be sent, to an account or into a conversation. `text` holds public facts alone; a slip, which is
-- private, has none, and is made anew of the opening of its `note` whenever it is needed. `tried` and `tried_last` are the
-- first and the last attempt, written before it is made; `unsure` counts those of which nobody knows what became of them;
-- `sent` is the platform's number, `dropped` why it never will be sent.
CREATE TABLE message (
    id           INTEGER PRIMARY KEY,
    key          TEXT NOT NULL UNIQUE,
    account      INTEGER,
    conversation TEXT,
    text         TEXT,
    note         INTEGER,
    tried        INTEGER,
    tried_last   INTEGER,
    unsure       INTEGER NOT NULL DEFAULT 0,
    sent         INTEGER,
    dropped      TEXT,
    CHECK ((account IS NULL) <> (conversation IS NULL)),
    CHECK ((text IS NULL) <> (note IS NULL))
) STRICT;
CREATE INDEX message_waiting ON message (id) WHERE sent IS NULL AND dropped IS NULL;

CREATE TRIGGER release_changed BEFORE UPDATE ON release BEGIN SELECT RAISE(ABORT, 'what is public is never changed'); END;
CREATE TRIGGER release_removed BEFORE DELETE ON release BEGIN SELECT RAISE(ABORT, 'what is public is never removed'); END;
CREATE TRIGGER request_removed BEFORE DELETE ON request BEGIN SELECT RAISE(ABORT, 'requests are never removed'); END;
CREATE TRIGGER request_added BEFORE INSERT ON request WHEN EXISTS (SELECT 1 FROM request WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'requests are dense, and never replaced'); END;
CREATE TRIGGER request_changed BEFORE UPDATE ON request
    WHEN OLD.state <> 'waiting' OR (OLD.kind, OLD.note, OLD.level, OLD.post, OLD.asked_by, OLD.asked_at)
        IS NOT (NEW.kind, NEW.note, NEW.level, NEW.post, NEW.asked_by, NEW.asked_at)
    BEGIN SELECT RAISE(ABORT, 'what was asked for, and how it ended, is never changed'); END;
CREATE TRIGGER approval_changed BEFORE UPDATE ON approval BEGIN SELECT RAISE(ABORT, 'approvals are never changed'); END;
CREATE TRIGGER approval_removed BEFORE DELETE ON approval BEGIN SELECT RAISE(ABORT, 'approvals are never removed'); END;
CREATE TRIGGER approval_added BEFORE INSERT ON approval
    WHEN NEW.by = (SELECT asked_by FROM request WHERE id = NEW.request)
    BEGIN SELECT RAISE(ABORT, 'nobody approves what they asked for'); END;

-- Slips that came from accounts whose notes we receipt, or that a command has asked a receipt for; `log`, `note` and
-- `commitment` once somebody has rebuilt the note.
CREATE TABLE slipped (
    slip         INTEGER PRIMARY KEY,
    from_account INTEGER NOT NULL,
    log          TEXT,
    note         INTEGER,
    commitment   BLOB CHECK (length(commitment) = 32),
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
    why          TEXT,
    CHECK ((log IS NULL) = (note IS NULL) AND (log IS NULL) = (commitment IS NULL))
) STRICT;
CREATE INDEX slipped_waiting ON slipped (slip) WHERE state = 'waiting';

-- Public. The receipts in the log: one for each note of another log.
CREATE TABLE receipt (
    idx        INTEGER PRIMARY KEY REFERENCES entry (idx),
    log        TEXT NOT NULL,
    note       INTEGER NOT NULL,
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    UNIQUE (log, note)
) STRICT;
CREATE TRIGGER receipt_changed BEFORE UPDATE ON receipt BEGIN SELECT RAISE(ABORT, 'receipts are never changed'); END;
CREATE TRIGGER receipt_removed BEFORE DELETE ON receipt BEGIN SELECT RAISE(ABORT, 'receipts are never removed'); END;
