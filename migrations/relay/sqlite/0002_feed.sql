-- What keyholders wrote, sealed. Clustered in the order in which it is read.
CREATE TABLE entry (
    space       BLOB    NOT NULL REFERENCES space (space),
    feed        BLOB    NOT NULL CHECK (length(feed) = 16),             -- the keyholder that wrote it
    seq         INTEGER NOT NULL CHECK (seq >= 0),                      -- distance from the feed's start
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    previous    BLOB    NOT NULL CHECK (length(previous) = 32),
    position    INTEGER NOT NULL,                                       -- record of the chain to which it is bound
    kind        INTEGER NOT NULL,
    critical    INTEGER NOT NULL CHECK (critical IN (0, 1)),
    sealed      BLOB    NOT NULL,
    signature   BLOB    NOT NULL CHECK (length(signature) = 64),
    received_at INTEGER NOT NULL,                                       -- seconds since 1970, by the relay's clock
    PRIMARY KEY (space, feed, seq, hash)
) STRICT, WITHOUT ROWID;

-- Entries that no other names as previous: what the relay's clock says.
CREATE TABLE tip (
    space BLOB    NOT NULL REFERENCES space (space),
    feed  BLOB    NOT NULL,
    seq   INTEGER NOT NULL,
    hash  BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (space, feed, seq, hash)
) STRICT, WITHOUT ROWID;
