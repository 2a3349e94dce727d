-- Version 4, made of version 3: what sealing, posting and watching must remember to go on after any trouble.

PRAGMA user_version = 4;

-- Sealing.

-- The parts of the list of messages that are not read to their end: messages between two numbers, and the platform's mark
-- of the place at which to go on. Everything that was listed is in `seen`, or lies in one of these.
CREATE TABLE unread (
    after       INTEGER NOT NULL,
    before      INTEGER NOT NULL,
    token       TEXT,
    why         TEXT NOT NULL CHECK (why IN ('cut', 'waits', 'again')),
    rejudgement INTEGER REFERENCES rejudgement (id),
    CHECK (after < before AND (why = 'again') = (rejudgement IS NOT NULL))
) STRICT;

-- What is listed and cannot be read, or not be sealed, by a hash of it: it is entered as a gap once.
CREATE TABLE unreadable (
    element BLOB PRIMARY KEY CHECK (length(element) = 32),
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX unreadable_at ON unreadable (at);

-- When messages of ours that were not formal were first listed, as long as the platform keeps them: they may be judged
-- again.
CREATE TABLE informal (
    message INTEGER PRIMARY KEY,
    listed  INTEGER NOT NULL
) STRICT;

-- What commands ask for: that messages since a moment are judged again by the rules of today; and what came of it.
CREATE TABLE rejudgement (
    id       INTEGER PRIMARY KEY,
    since    INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    done_at  INTEGER,
    judged   INTEGER NOT NULL DEFAULT 0,
    sealed   INTEGER NOT NULL DEFAULT 0,
    late_ms  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What messages of strangers have cost, by the midnight (UTC) that a day begins with.
CREATE TABLE strangers (
    day      INTEGER PRIMARY KEY,
    messages INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    calls    INTEGER NOT NULL
) STRICT;


-- Accounts and groups.

-- The names of the accounts in notes, as the platform last said them, and whether it has suspended them.
CREATE TABLE known_name (
    id        INTEGER PRIMARY KEY,
    name      TEXT,
    at        INTEGER NOT NULL,
    suspended INTEGER NOT NULL CHECK (suspended IN (0, 1))
) STRICT;

-- Who is in a group, ourselves left out, and when these were last surely all.
CREATE TABLE known_group (
    conversation TEXT PRIMARY KEY,
    at           INTEGER NOT NULL
) STRICT;
CREATE TABLE member (
    conversation TEXT NOT NULL REFERENCES known_group (conversation),
    account      INTEGER NOT NULL,
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;


-- What is sent again.

-- Effects that are given up, and why; nothing is tried until somebody has decided: `resent` is 1 if it is to be tried again
-- (it then goes on with the attempts that it had), and 0 if it is left unsent for good. An effect is given up as often as it
-- is sent again. What the command `send` gave up is an outcome: its text is not kept, and a person sends anew.
CREATE TABLE given_up (
    id         INTEGER PRIMARY KEY,
    effect     INTEGER NOT NULL REFERENCES effect (id),
    at         INTEGER NOT NULL,
    why        TEXT NOT NULL,
    decided_at INTEGER,
    resent     INTEGER CHECK (resent IN (0, 1)),
    CHECK ((decided_at IS NULL) = (resent IS NULL))
) STRICT;
CREATE INDEX given_up_of_effect ON given_up (effect);
CREATE UNIQUE INDEX given_up_open ON given_up (effect) WHERE resent IS NULL;

-- Until now it was an outcome.
DROP TRIGGER outcome_removed;
DROP TRIGGER outcome_of_part;
INSERT INTO given_up (effect, at, why)
    SELECT effect, at, why FROM outcome JOIN effect ON effect.id = outcome.effect
    WHERE why IS NOT NULL AND kind IN ('answer', 'dm', 'slip') ORDER BY at, effect;
DELETE FROM outcome WHERE effect IN (SELECT effect FROM given_up);
CREATE TRIGGER outcome_removed BEFORE DELETE ON outcome BEGIN SELECT RAISE(ABORT, 'outcomes are never removed'); END;
CREATE TRIGGER outcome_of_send BEFORE INSERT ON outcome
    WHEN NEW.why IS NOT NULL AND (SELECT kind FROM effect WHERE id = NEW.effect) IS NOT 'send'
    BEGIN SELECT RAISE(ABORT, 'only what a command sends ends without being accepted'); END;

CREATE TRIGGER given_up_added BEFORE INSERT ON given_up
    WHEN NEW.resent IS NOT NULL
        OR EXISTS (SELECT 1 FROM given_up WHERE id = NEW.id)
        OR EXISTS (SELECT 1 FROM given_up WHERE effect = NEW.effect AND resent IS NOT 1)
        OR EXISTS (SELECT 1 FROM outcome WHERE effect = NEW.effect)
        OR (SELECT kind FROM effect WHERE id = NEW.effect) NOT IN ('answer', 'dm', 'slip')
    BEGIN SELECT RAISE(ABORT, 'only answers and messages are given up, once until they are sent again'); END;
CREATE TRIGGER given_up_changed BEFORE UPDATE ON given_up
    WHEN (OLD.id, OLD.effect, OLD.at, OLD.why) IS NOT (NEW.id, NEW.effect, NEW.at, NEW.why)
        OR OLD.resent IS NOT NULL OR NEW.resent IS NULL
        OR EXISTS (SELECT 1 FROM outcome WHERE effect = NEW.effect)
    BEGIN SELECT RAISE(ABORT, 'what was given up is never changed, but for one decision'); END;
CREATE TRIGGER given_up_removed BEFORE DELETE ON given_up
    BEGIN SELECT RAISE(ABORT, 'what was given up is never removed'); END;
CREATE TRIGGER given_up_ends AFTER INSERT ON given_up BEGIN DELETE FROM pending WHERE effect = NEW.effect; END;
CREATE TRIGGER given_up_goes_on AFTER UPDATE ON given_up WHEN NEW.resent = 1
    BEGIN INSERT INTO pending VALUES (NEW.effect); END;
CREATE TRIGGER attempt_of_given_up BEFORE INSERT ON attempt
    WHEN EXISTS (SELECT 1 FROM given_up WHERE effect = NEW.effect AND resent IS NOT 1)
    BEGIN SELECT RAISE(ABORT, 'what is given up is not attempted before somebody sends it again'); END;


-- Our own posts, and public files.

-- When each post of ours is read again, and what it was found to be. Answers are left out: they are words to one reader.
-- `reads` counts how often it was as it had been made, up to 4. `doubt` is what the platform last said of it instead,
-- `since` when first. `lost` is the entry that says so, once that is believed; then it is read no more.
CREATE TABLE standing_post (
    effect  INTEGER PRIMARY KEY REFERENCES outcome (effect),
    due     INTEGER NOT NULL,
    reads   INTEGER NOT NULL DEFAULT 0 CHECK (reads BETWEEN 0 AND 4),
    doubt   TEXT CHECK (doubt IN ('deleted', 'edited', 'hidden')),
    since   INTEGER,
    read_at INTEGER,
    lost    INTEGER UNIQUE REFERENCES entry (idx),
    CHECK ((doubt IS NULL) = (since IS NULL))
) STRICT;
CREATE INDEX standing_post_due ON standing_post (reads, due) WHERE lost IS NULL;
CREATE INDEX standing_post_read ON standing_post (read_at) WHERE read_at IS NOT NULL;
-- What an earlier version has posted is as old as it is: it is read with the old ones.
INSERT INTO standing_post (effect, due, reads)
    SELECT effect, outcome.at, 4 FROM outcome JOIN effect ON effect.id = effect
    WHERE channel = 'x' AND outcome.id IS NOT NULL AND effect.kind <> 'answer';
CREATE TRIGGER outcome_stands AFTER INSERT ON outcome
    WHEN NEW.channel = 'x' AND (SELECT kind FROM effect WHERE id = NEW.effect) <> 'answer'
    BEGIN INSERT INTO standing_post (effect, due) VALUES (NEW.effect, NEW.at + 600000); END;
CREATE TRIGGER standing_post_lost BEFORE UPDATE ON standing_post WHEN OLD.lost IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a post that is lost stays lost'); END;

-- Posts on our account that look like ours and are not: each is told once.
CREATE TABLE strange_post (
    channel TEXT NOT NULL CHECK (channel IN ('x')),
    post    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (channel, post)
) STRICT;

-- A heartbeat that shows the head again, because a post was lost, is no day's heartbeat: it has no date.
DROP TRIGGER post_added;
CREATE TRIGGER post_added BEFORE INSERT ON post
    WHEN EXISTS (SELECT 1 FROM post WHERE effect = NEW.effect)
        OR (SELECT kind FROM effect WHERE id = NEW.effect) IS NOT
            CASE WHEN NEW.first IS NOT NULL THEN 'note-post' WHEN NEW.date IS NOT NULL THEN 'heartbeat'
                 WHEN NEW.place IS NOT NULL THEN 'thread-part' WHEN NEW.or_standalone IS NOT NULL THEN 'answer'
                 WHEN (SELECT kind FROM effect WHERE id = NEW.effect) = 'heartbeat' THEN 'heartbeat'
                 ELSE 'receipt-post' END
        OR EXISTS (SELECT 1 FROM post WHERE channel = NEW.channel AND text = NEW.text)
        OR EXISTS (SELECT 1 FROM post WHERE channel = NEW.channel AND date = NEW.date)
        OR EXISTS (SELECT 1 FROM post WHERE channel = NEW.channel AND mention = NEW.mention)
        OR EXISTS (SELECT 1 FROM post WHERE channel = NEW.channel AND (note, level, place) = (NEW.note, NEW.level, NEW.place))
    BEGIN SELECT RAISE(ABORT, 'posts are never replaced, and each has the details of its kind'); END;

-- The SHA-256 of each stored opening, encrypted as it is, when it was first looked at again: without a key nothing else
-- shows that it is what it was.
CREATE TABLE opening_sum (
    n      INTEGER PRIMARY KEY REFERENCES note (n),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT;


-- Conversations, and whether correspondents can be reached.

-- What the platform said of each correspondent's account when it was last read: whether it takes messages from ours, and
-- whether it follows ours, each since the first reading that said so; and its own record, byte for byte, which is sealed with
-- the notes to it.
CREATE TABLE recipient (
    account       INTEGER PRIMARY KEY,
    name          TEXT,
    inbox         TEXT NOT NULL CHECK (inbox IN ('open', 'closed', 'unsaid', 'absent', 'suspended')),
    since         INTEGER NOT NULL,
    follows       INTEGER CHECK (follows IN (0, 1)),
    follows_since INTEGER NOT NULL,
    read_at       INTEGER NOT NULL,
    record        BLOB,
    CHECK ((record IS NULL) = (inbox IN ('absent', 'suspended')))
) STRICT;

-- The conversations with correspondents: when it was last seen that no message of it is missing, and its newest message
-- then; and why messages of it are missed now, from when on, which is where the gap in the log begins.
CREATE TABLE conversation (
    id          TEXT PRIMARY KEY,
    readable_at INTEGER,
    newest      INTEGER,
    blind       TEXT CHECK (blind IN ('encrypted', 'missing', 'disappearing')),
    since       INTEGER,
    CHECK ((blind IS NULL) = (since IS NULL))
) STRICT;
