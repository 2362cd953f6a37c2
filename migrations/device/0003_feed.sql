-- Everything that anyone wrote in the space, as it travels.
CREATE TABLE entry (
    arrival   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,               -- the order in which this store took them
    space     BLOB    NOT NULL REFERENCES space (space),
    feed      BLOB    NOT NULL CHECK (length(feed) = 16),               -- the keyholder that wrote it
    seq       INTEGER NOT NULL CHECK (seq > 0),
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),
    previous  BLOB    NOT NULL CHECK (length(previous) = 32),
    position  INTEGER NOT NULL,                                         -- record of the chain to which it is bound
    kind      INTEGER NOT NULL,
    critical  INTEGER NOT NULL CHECK (critical IN (0, 1)),
    sealed    BLOB    NOT NULL,
    signature BLOB    NOT NULL CHECK (length(signature) = 64),
    state     INTEGER NOT NULL,                                         -- 0 not opened yet, 1 opened, 2 set aside, 3 kept unread,
                                                                        -- 4 waits for a key, 5 waits for a newer app
    document  BLOB    CHECK (length(document) = 16),                    -- keyed hash of the document's id, once opened
    UNIQUE (space, feed, seq, hash)
) STRICT;

CREATE INDEX entry_by_state ON entry (space, state, arrival);
CREATE INDEX entry_by_document ON entry (space, document, arrival);

-- Entries that no other follows: this store's clock.
CREATE TABLE tip (
    space BLOB    NOT NULL REFERENCES space (space),
    feed  BLOB    NOT NULL,
    seq   INTEGER NOT NULL,
    hash  BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (space, feed, seq, hash)
) STRICT, WITHOUT ROWID;

-- What of it the relay was last seen to hold.
CREATE TABLE relay_tip (
    space BLOB    NOT NULL REFERENCES space (space),
    feed  BLOB    NOT NULL,
    seq   INTEGER NOT NULL,
    hash  BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (space, feed, seq, hash)
) STRICT, WITHOUT ROWID;
