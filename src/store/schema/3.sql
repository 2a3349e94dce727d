-- Version 3, made of version 2: what is done once, a post or a message, is an effect with its attempts and its outcome;
-- each kind of thing has a word, and nothing but these words; each post stands beside the channel that it is on.
--
-- Foreign keys are not enforced while this runs: tables that others refer to are made anew.

PRAGMA user_version = 3;

-- What is done once on the platform: written before its first attempt. `made_at` is 0 for what an earlier version has made
-- and not tried.
CREATE TABLE effect (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL CHECK (kind IN
        ('note-post', 'heartbeat', 'receipt-post', 'thread-part', 'answer', 'dm', 'slip', 'send')),
    made_at INTEGER NOT NULL
) STRICT;

-- The effects that have no outcome yet: so that what is next is found among few. Triggers keep it.
CREATE TABLE pending (
    effect INTEGER PRIMARY KEY REFERENCES effect (id)
) STRICT;

-- How an effect ended: what the platform accepted, and on which channel; or why it will never be done.
CREATE TABLE outcome (
    effect  INTEGER PRIMARY KEY REFERENCES effect (id),
    at      INTEGER NOT NULL,
    channel TEXT CHECK (channel IN ('x', 'x-dm')),
    id      INTEGER,
    why     TEXT,
    CHECK ((id IS NULL) = (channel IS NULL) AND (id IS NULL) <> (why IS NULL))
) STRICT;
CREATE UNIQUE INDEX outcome_post ON outcome (channel, id) WHERE channel = 'x';
CREATE INDEX outcome_message ON outcome (id) WHERE channel = 'x-dm';

-- Every attempt, written before it is made. `failed` is set if the platform surely did not do it; as long as it is 0 and
-- there is no outcome, nobody knows, and the effect must be looked for.
CREATE TABLE attempt_3 (
    id     INTEGER PRIMARY KEY,
    effect INTEGER NOT NULL REFERENCES effect (id),
    at     INTEGER NOT NULL,
    failed INTEGER NOT NULL DEFAULT 0 CHECK (failed IN (0, 1))
) STRICT;

-- The details of an effect that is a post. Notes have `first` and `last`, a heartbeat its `date`; both, and a receipt, show
-- the head of `size`. A part of a thread has its note, what of it is opened, its place, and the part `before` it, which it
-- answers. An answer has the post that it answers, the mention for which it was made, if any, and whether it is posted
-- without answering if the platform refuses the reply. `answers` and `mention` are posts of the same channel.
CREATE TABLE post (
    effect        INTEGER PRIMARY KEY REFERENCES effect (id),
    channel       TEXT NOT NULL CHECK (channel IN ('x')),
    first         INTEGER,
    last          INTEGER,
    date          TEXT,
    size          INTEGER REFERENCES head (size),
    note          INTEGER,
    level         TEXT CHECK (level IN ('envelope', 'content')),
    place         INTEGER,
    count         INTEGER,
    before        INTEGER REFERENCES effect (id),
    answers       INTEGER,
    mention       INTEGER,
    or_standalone INTEGER CHECK (or_standalone IN (0, 1)),
    text          TEXT NOT NULL,
    UNIQUE (channel, text),
    UNIQUE (channel, date),
    UNIQUE (channel, mention),
    UNIQUE (channel, note, level, place),
    CHECK ((first IS NULL) = (last IS NULL)),
    CHECK ((place IS NULL) = (count IS NULL) AND (place IS NULL) = (level IS NULL)),
    CHECK ((first IS NOT NULL) + (date IS NOT NULL) + (place IS NOT NULL) + (or_standalone IS NOT NULL) <= 1),
    CHECK ((size IS NULL) = (place IS NOT NULL OR or_standalone IS NOT NULL)),
    CHECK (size IS NULL OR (note IS NULL AND answers IS NULL)),
    CHECK (place IS NULL OR note IS NOT NULL),
    CHECK (place IS NOT NULL OR before IS NULL),
    CHECK (or_standalone IS NOT NULL OR mention IS NULL)
) STRICT;

-- The disclosed files of its note that a post takes along.
CREATE TABLE post_file (
    effect INTEGER NOT NULL REFERENCES post (effect),
    place  INTEGER NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (effect, place)
) STRICT;

-- Posts whose reply the platform has refused: from then on they, and the rest of their thread, answer nothing.
CREATE TABLE standalone (
    effect INTEGER PRIMARY KEY REFERENCES post (effect),
    at     INTEGER NOT NULL
) STRICT;

-- The details of an effect that is a direct message, to an account or into a conversation. `text` holds public facts
-- alone; a slip, which is private, has none, and is made anew of the opening of its `note` whenever it is needed; nor has
-- what the command `send` gives to the platform. Each kind has the columns that make it the only one of its kind.
CREATE TABLE message_3 (
    effect       INTEGER PRIMARY KEY REFERENCES effect (id),
    kind         TEXT NOT NULL CHECK (kind IN
        ('command-answer', 'code', 'request-notice', 'request-ended', 'dispute-notice', 'slip', 'send')),
    account      INTEGER,
    conversation TEXT,
    command      INTEGER,
    request      INTEGER,
    note         INTEGER,
    channel      TEXT CHECK (channel IN ('x')),
    post         INTEGER,
    text         TEXT,
    CHECK ((account IS NULL) <> (conversation IS NULL)),
    CHECK ((text IS NULL) = (kind IN ('slip', 'send'))),
    CHECK ((command IS NOT NULL) = (kind IN ('command-answer', 'code'))),
    CHECK ((request IS NOT NULL) = (kind IN ('request-notice', 'request-ended'))),
    CHECK ((note IS NOT NULL) = (kind IN ('dispute-notice', 'slip'))),
    CHECK ((post IS NOT NULL) = (kind = 'dispute-notice') AND (post IS NULL) = (channel IS NULL))
) STRICT;

-- Posts keep their numbers, messages come after them.
INSERT INTO effect (id, kind, made_at)
    SELECT id, CASE kind WHEN 'notes' THEN 'note-post' WHEN 'receipt' THEN 'receipt-post' WHEN 'part' THEN 'thread-part'
                         ELSE kind END,
           coalesce((SELECT min(at) FROM attempt WHERE attempt.intent = intent.id), 0)
    FROM intent ORDER BY id;
INSERT INTO post
    SELECT id, 'x', first, last, date, size, note, level, place, count, before, answers, mention, alone, text FROM intent;
INSERT INTO post_file SELECT intent, place, name FROM enclosure;
INSERT INTO standalone SELECT intent, at FROM unanswering;
INSERT INTO attempt_3 SELECT id, intent, at, failed <> 0 FROM attempt ORDER BY id;
INSERT INTO outcome SELECT intent, at, 'x', post, NULL FROM result;
INSERT INTO outcome SELECT intent, at, NULL, NULL, why FROM dropped WHERE intent NOT IN (SELECT intent FROM result);

CREATE TEMP TABLE base AS SELECT coalesce(max(id), 0) AS id FROM intent;
INSERT INTO effect (id, kind, made_at)
    SELECT message.id + base.id, iif(note IS NULL, 'dm', 'slip'), coalesce(tried, 0) FROM message, base ORDER BY message.id;
-- Of the attempts of a message the first and the last are known, and whether all have failed. Keys were `command 5`,
-- `request 3 to 7`, `request 3 done`, `dispute 1 9 to 7`, `slip 4`.
INSERT INTO attempt_3 (effect, at, failed)
    SELECT message.id + base.id, tried, unsure = 0 FROM message, base WHERE tried IS NOT NULL ORDER BY message.id;
INSERT INTO attempt_3 (effect, at, failed)
    SELECT message.id + base.id, tried_last, unsure = 0 FROM message, base WHERE tried <> tried_last ORDER BY message.id;
INSERT INTO outcome
    SELECT message.id + base.id, coalesce(tried_last, 0), iif(sent IS NULL, NULL, 'x-dm'), sent, iif(sent IS NULL, dropped, NULL)
    FROM message, base WHERE sent IS NOT NULL OR dropped IS NOT NULL;
CREATE TEMP TABLE word AS SELECT message.id, key,
    CASE WHEN key LIKE 'command %' THEN 'command-answer'
         WHEN key LIKE 'request % to %' THEN 'request-notice'
         WHEN key LIKE 'request %' THEN 'request-ended'
         WHEN key LIKE 'dispute %' THEN 'dispute-notice'
         ELSE 'slip' END AS kind,
    substr(key, instr(key, ' ') + 1) AS rest FROM message;
-- CAST reads the number that a text begins with.
INSERT INTO message_3
    SELECT message.id + base.id, kind, account, conversation,
           iif(kind = 'command-answer', CAST(rest AS INTEGER), NULL),
           iif(kind IN ('request-notice', 'request-ended'), CAST(rest AS INTEGER), NULL),
           iif(kind IN ('dispute-notice', 'slip'), CAST(rest AS INTEGER), NULL),
           iif(kind = 'dispute-notice', 'x', NULL),
           iif(kind = 'dispute-notice', CAST(substr(rest, instr(rest, ' ') + 1) AS INTEGER), NULL),
           text
    FROM message JOIN word USING (id), base;
DROP TABLE temp.word;
DROP TABLE temp.base;
DROP TABLE enclosure;
DROP TABLE unanswering;
DROP TABLE dropped;
DROP TABLE result;
DROP TABLE attempt;
DROP TABLE intent;
DROP TABLE message;
ALTER TABLE attempt_3 RENAME TO attempt;
ALTER TABLE message_3 RENAME TO message;
INSERT INTO pending SELECT id FROM effect WHERE id NOT IN (SELECT effect FROM outcome);
CREATE INDEX attempt_of_effect ON attempt (effect);
CREATE INDEX attempt_of_moment ON attempt (at);
CREATE INDEX post_of_notes ON post (last);
CREATE INDEX post_of_head ON post (size);
CREATE INDEX post_of_answer ON post (note, answers) WHERE mention IS NULL AND or_standalone IS NOT NULL;
CREATE UNIQUE INDEX message_of_command ON message (command) WHERE command IS NOT NULL;
CREATE UNIQUE INDEX message_of_request ON message (request, account) WHERE kind = 'request-notice';
CREATE UNIQUE INDEX message_of_end ON message (request) WHERE kind = 'request-ended';
CREATE UNIQUE INDEX message_of_dispute ON message (note, channel, post, account) WHERE kind = 'dispute-notice';
CREATE UNIQUE INDEX message_of_slip ON message (note) WHERE kind = 'slip';
CREATE INDEX message_of_send ON message (account) WHERE kind = 'send';

-- The receipts for which no post has been decided upon. Triggers keep it.
CREATE TABLE unposted_receipt (
    idx INTEGER PRIMARY KEY REFERENCES receipt (idx)
) STRICT;
INSERT INTO unposted_receipt
    SELECT idx FROM receipt WHERE idx NOT IN
        (SELECT size - 1 FROM post JOIN effect ON effect.id = post.effect WHERE kind = 'receipt-post');

-- Public. The files of what was opened, as they are on the site.
ALTER TABLE release RENAME TO disclosed_file;
DROP TRIGGER release_changed;
DROP TRIGGER release_removed;

-- Private. What was asked for: to open a note at a level, or to enter a dispute that stands in a post. Who asked and who
-- approved is kept for good.
CREATE TABLE request_3 (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN ('open', 'dispute')),
    note     INTEGER NOT NULL,
    level    TEXT CHECK (level IN ('envelope', 'content')),
    channel  TEXT CHECK (channel IN ('x')),
    post     INTEGER,
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'lapsed', 'refused')),
    ended_at INTEGER,
    why      TEXT,
    CHECK ((kind = 'open') = (level IS NOT NULL)),
    CHECK ((kind = 'dispute') = (post IS NOT NULL) AND (post IS NULL) = (channel IS NULL))
) STRICT;
INSERT INTO request_3
    SELECT id, kind, note, level, iif(post IS NULL, NULL, 'x'), post, asked_by, asked_at, state, ended_at, why FROM request;
DROP TRIGGER approval_added;
DROP TRIGGER request_removed;
DROP TABLE request;
ALTER TABLE request_3 RENAME TO request;
CREATE INDEX request_of_state ON request (state);

-- The proof that an official hands over together with a request or an approval, until the request has ended. It is to be
-- public, and an official who may do so has said that it shall be.
ALTER TABLE handed RENAME TO submitted_proof;

-- Public. The disputes that are in the log: no post is entered twice for the same note.
CREATE TABLE dispute_3 (
    note    INTEGER NOT NULL REFERENCES note (n),
    channel TEXT NOT NULL CHECK (channel IN ('x')),
    post    INTEGER NOT NULL,
    PRIMARY KEY (note, channel, post)
) STRICT;
INSERT INTO dispute_3 SELECT note, 'x', post FROM dispute;
DROP TABLE dispute;
ALTER TABLE dispute_3 RENAME TO dispute;

-- The mentions that have been dealt with, and what was made of each.
CREATE TABLE mention_3 (
    channel TEXT NOT NULL CHECK (channel IN ('x')),
    post    INTEGER NOT NULL,
    author  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    what    TEXT NOT NULL CHECK (what IN ('answered', 'helped', 'disputed', 'entered', 'again', 'over')),
    PRIMARY KEY (channel, post)
) STRICT;
INSERT INTO mention_3 SELECT 'x', post, author, at, what FROM mention;
DROP TABLE mention;
ALTER TABLE mention_3 RENAME TO mention;
CREATE INDEX mention_of_moment ON mention (at);

-- How far the mentions of a channel were read: nothing up to `start` is ever answered (set at the first start), and all up
-- to `post` have been dealt with.
CREATE TABLE mentions_read (
    channel TEXT PRIMARY KEY CHECK (channel IN ('x')),
    start   INTEGER NOT NULL,
    post    INTEGER NOT NULL
) STRICT;
INSERT INTO mentions_read SELECT 'x', start, mention FROM listened;
DROP TABLE listened;

-- Slips that came from accounts whose notes we receipt, or that a command has asked a receipt for; `log`, `note` and
-- `commitment` once somebody has rebuilt the note.
ALTER TABLE slipped RENAME TO received_slip;

-- When each task last had nothing left to do, and what troubles it now: for `status`, and for the watcher, which must know
-- how long nobody looked. Tasks that have another name now report anew.
ALTER TABLE loop RENAME TO task_report;
DELETE FROM task_report WHERE name IN ('courier', 'opener');

-- What is evidence is never changed, removed or replaced: the database itself refuses.
DROP TRIGGER log_changed;
DROP TRIGGER log_removed;
DROP TRIGGER log_added;
DROP TRIGGER entry_added;
DROP TRIGGER head_added;
DROP TRIGGER note_added;
DROP TRIGGER opening_added;
CREATE TRIGGER log_changed BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the name and the key of a log are never changed'); END;
CREATE TRIGGER log_removed BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the name and the key of a log are never removed'); END;
CREATE TRIGGER log_added BEFORE INSERT ON log WHEN EXISTS (SELECT 1 FROM log)
    BEGIN SELECT RAISE(ABORT, 'the name and the key of a log are never replaced'); END;
CREATE TRIGGER entry_added BEFORE INSERT ON entry WHEN NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM entry)
    BEGIN SELECT RAISE(ABORT, 'an entry follows the one before it: entries are never left out or replaced'); END;
CREATE TRIGGER head_added BEFORE INSERT ON head WHEN EXISTS (SELECT 1 FROM head WHERE size = NEW.size)
    BEGIN SELECT RAISE(ABORT, 'heads are never replaced'); END;
CREATE TRIGGER note_added BEFORE INSERT ON note
    WHEN NEW.n <> (SELECT coalesce(max(n) + 1, 1) FROM note)
        OR EXISTS (SELECT 1 FROM note WHERE idx = NEW.idx)
        OR EXISTS (SELECT 1 FROM note WHERE message = NEW.message)
        OR EXISTS (SELECT 1 FROM note WHERE conversation = NEW.conversation AND count = NEW.count)
    BEGIN SELECT RAISE(ABORT, 'a note follows the one before it: notes are never left out or replaced'); END;
CREATE TRIGGER opening_added BEFORE INSERT ON opening WHEN EXISTS (SELECT 1 FROM opening WHERE n = NEW.n)
    BEGIN SELECT RAISE(ABORT, 'openings are never replaced'); END;
CREATE TRIGGER receipt_added BEFORE INSERT ON receipt
    WHEN EXISTS (SELECT 1 FROM receipt WHERE idx = NEW.idx)
        OR EXISTS (SELECT 1 FROM receipt WHERE log = NEW.log AND note = NEW.note)
    BEGIN SELECT RAISE(ABORT, 'receipts are never replaced'); END;
CREATE TRIGGER receipt_unposted AFTER INSERT ON receipt BEGIN INSERT INTO unposted_receipt VALUES (NEW.idx); END;

CREATE TRIGGER effect_changed BEFORE UPDATE ON effect BEGIN SELECT RAISE(ABORT, 'effects are never changed'); END;
CREATE TRIGGER effect_removed BEFORE DELETE ON effect BEGIN SELECT RAISE(ABORT, 'effects are never removed'); END;
CREATE TRIGGER effect_added BEFORE INSERT ON effect WHEN EXISTS (SELECT 1 FROM effect WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'effects are never replaced'); END;
CREATE TRIGGER effect_pending AFTER INSERT ON effect BEGIN INSERT INTO pending VALUES (NEW.id); END;
CREATE TRIGGER post_changed BEFORE UPDATE ON post BEGIN SELECT RAISE(ABORT, 'posts are never changed'); END;
CREATE TRIGGER post_removed BEFORE DELETE ON post BEGIN SELECT RAISE(ABORT, 'posts are never removed'); END;
CREATE TRIGGER post_added BEFORE INSERT ON post
    WHEN EXISTS (SELECT 1 FROM post WHERE effect = NEW.effect)
        OR (SELECT kind FROM effect WHERE id = NEW.effect) IS NOT
            CASE WHEN NEW.first IS NOT NULL THEN 'note-post' WHEN NEW.date IS NOT NULL THEN 'heartbeat'
                 WHEN NEW.place IS NOT NULL THEN 'thread-part' WHEN NEW.or_standalone IS NOT NULL THEN 'answer'
                 ELSE 'receipt-post' END
        OR EXISTS (SELECT 1 FROM post WHERE channel = NEW.channel AND text = NEW.text)
        OR EXISTS (SELECT 1 FROM post WHERE channel = NEW.channel AND date = NEW.date)
        OR EXISTS (SELECT 1 FROM post WHERE channel = NEW.channel AND mention = NEW.mention)
        OR EXISTS (SELECT 1 FROM post WHERE channel = NEW.channel AND (note, level, place) = (NEW.note, NEW.level, NEW.place))
    BEGIN SELECT RAISE(ABORT, 'posts are never replaced, and each has the details of its kind'); END;
CREATE TRIGGER post_in_order BEFORE INSERT ON post
    WHEN NEW.first <> (SELECT coalesce(max(last), 0) + 1 FROM post) OR NEW.last < NEW.first
    BEGIN SELECT RAISE(ABORT, 'notes are posted in order, and none is left out or posted twice'); END;
CREATE TRIGGER receipt_decided AFTER INSERT ON post
    WHEN (SELECT kind FROM effect WHERE id = NEW.effect) = 'receipt-post'
    BEGIN DELETE FROM unposted_receipt WHERE idx = NEW.size - 1; END;
CREATE TRIGGER post_file_changed BEFORE UPDATE ON post_file
    BEGIN SELECT RAISE(ABORT, 'the files of a post are never changed'); END;
CREATE TRIGGER post_file_removed BEFORE DELETE ON post_file
    BEGIN SELECT RAISE(ABORT, 'the files of a post are never removed'); END;
CREATE TRIGGER post_file_added BEFORE INSERT ON post_file
    WHEN EXISTS (SELECT 1 FROM post_file WHERE effect = NEW.effect AND place = NEW.place)
    BEGIN SELECT RAISE(ABORT, 'the files of a post are never replaced'); END;
CREATE TRIGGER message_changed BEFORE UPDATE ON message BEGIN SELECT RAISE(ABORT, 'messages are never changed'); END;
CREATE TRIGGER message_removed BEFORE DELETE ON message BEGIN SELECT RAISE(ABORT, 'messages are never removed'); END;
CREATE TRIGGER message_added BEFORE INSERT ON message
    WHEN EXISTS (SELECT 1 FROM message WHERE effect = NEW.effect)
        OR (SELECT kind FROM effect WHERE id = NEW.effect) IS NOT iif(NEW.kind IN ('slip', 'send'), NEW.kind, 'dm')
        OR EXISTS (SELECT 1 FROM message WHERE command = NEW.command)
        OR (NEW.kind = 'request-notice' AND EXISTS
            (SELECT 1 FROM message WHERE kind = 'request-notice' AND (request, account) = (NEW.request, NEW.account)))
        OR (NEW.kind = 'request-ended' AND EXISTS
            (SELECT 1 FROM message WHERE kind = 'request-ended' AND request = NEW.request))
        OR (NEW.kind = 'dispute-notice' AND EXISTS
            (SELECT 1 FROM message WHERE kind = 'dispute-notice'
             AND (note, channel, post, account) = (NEW.note, NEW.channel, NEW.post, NEW.account)))
        OR (NEW.kind = 'slip' AND EXISTS (SELECT 1 FROM message WHERE kind = 'slip' AND note = NEW.note))
    BEGIN SELECT RAISE(ABORT, 'messages are never replaced, and each has the details of its kind'); END;
CREATE TRIGGER attempt_changed BEFORE UPDATE ON attempt
    WHEN (OLD.id, OLD.effect, OLD.at) IS NOT (NEW.id, NEW.effect, NEW.at) OR NEW.failed < OLD.failed
    BEGIN SELECT RAISE(ABORT, 'attempts are never changed but for that they failed'); END;
CREATE TRIGGER attempt_removed BEFORE DELETE ON attempt BEGIN SELECT RAISE(ABORT, 'attempts are never removed'); END;
CREATE TRIGGER attempt_added BEFORE INSERT ON attempt
    WHEN EXISTS (SELECT 1 FROM attempt WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM outcome WHERE effect = NEW.effect)
    BEGIN SELECT RAISE(ABORT, 'attempts are never replaced, and what has an outcome is not attempted again'); END;
CREATE TRIGGER attempt_in_order BEFORE INSERT ON attempt
    WHEN EXISTS (SELECT 1 FROM post WHERE effect = NEW.effect AND before IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM outcome WHERE effect = before AND id IS NOT NULL))
    BEGIN SELECT RAISE(ABORT, 'a part of a thread waits for the one before it'); END;
CREATE TRIGGER outcome_changed BEFORE UPDATE ON outcome BEGIN SELECT RAISE(ABORT, 'outcomes are never changed'); END;
CREATE TRIGGER outcome_removed BEFORE DELETE ON outcome BEGIN SELECT RAISE(ABORT, 'outcomes are never removed'); END;
CREATE TRIGGER outcome_added BEFORE INSERT ON outcome
    WHEN EXISTS (SELECT 1 FROM outcome WHERE effect = NEW.effect)
        OR (NEW.channel = 'x' AND EXISTS (SELECT 1 FROM outcome WHERE channel = 'x' AND id = NEW.id))
    BEGIN SELECT RAISE(ABORT, 'outcomes are never replaced, and a post is the outcome of one effect'); END;
CREATE TRIGGER outcome_fits BEFORE INSERT ON outcome
    WHEN NEW.channel <> (SELECT iif(kind IN ('dm', 'slip', 'send'), 'x-dm', 'x') FROM effect WHERE id = NEW.effect)
    BEGIN SELECT RAISE(ABORT, 'the outcome of a post is a post, and that of a message is a message'); END;
CREATE TRIGGER outcome_of_part BEFORE INSERT ON outcome
    WHEN NEW.why IS NOT NULL AND (SELECT kind FROM effect WHERE id = NEW.effect) = 'thread-part'
    BEGIN SELECT RAISE(ABORT, 'a part of a thread is not given up'); END;
CREATE TRIGGER outcome_ends AFTER INSERT ON outcome BEGIN DELETE FROM pending WHERE effect = NEW.effect; END;

CREATE TRIGGER disclosed_file_changed BEFORE UPDATE ON disclosed_file
    BEGIN SELECT RAISE(ABORT, 'what is public is never changed'); END;
CREATE TRIGGER disclosed_file_removed BEFORE DELETE ON disclosed_file
    BEGIN SELECT RAISE(ABORT, 'what is public is never removed'); END;
CREATE TRIGGER disclosed_file_added BEFORE INSERT ON disclosed_file
    WHEN EXISTS (SELECT 1 FROM disclosed_file WHERE (note, level, name) = (NEW.note, NEW.level, NEW.name))
    BEGIN SELECT RAISE(ABORT, 'what is public is never replaced'); END;
CREATE TRIGGER request_removed BEFORE DELETE ON request BEGIN SELECT RAISE(ABORT, 'requests are never removed'); END;
CREATE TRIGGER request_added BEFORE INSERT ON request WHEN EXISTS (SELECT 1 FROM request WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'requests are never replaced'); END;
CREATE TRIGGER request_changed BEFORE UPDATE ON request
    WHEN OLD.state <> 'waiting'
        OR (OLD.id, OLD.kind, OLD.note, OLD.level, OLD.channel, OLD.post, OLD.asked_by, OLD.asked_at)
            IS NOT (NEW.id, NEW.kind, NEW.note, NEW.level, NEW.channel, NEW.post, NEW.asked_by, NEW.asked_at)
    BEGIN SELECT RAISE(ABORT, 'what was asked for, and how it ended, is never changed'); END;
CREATE TRIGGER approval_added BEFORE INSERT ON approval
    WHEN NEW.by = (SELECT asked_by FROM request WHERE id = NEW.request)
    BEGIN SELECT RAISE(ABORT, 'nobody approves what they asked for'); END;
CREATE TRIGGER approval_once BEFORE INSERT ON approval
    WHEN EXISTS (SELECT 1 FROM approval WHERE request = NEW.request AND by = NEW.by)
    BEGIN SELECT RAISE(ABORT, 'approvals are never replaced'); END;
