-- Entries that lost their place in a feed: beyond the cut of a removed device. Where they open, their changes have joined the
-- pending ones; the others wait here for their key.
CREATE TABLE displaced_entry (
    space     BLOB    NOT NULL REFERENCES space (space),
    feed      BLOB    NOT NULL CHECK (length(feed) = 16),
    seq       INTEGER NOT NULL,
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),
    previous  BLOB    NOT NULL CHECK (length(previous) = 32),
    position  INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    critical  INTEGER NOT NULL,
    sealed    BLOB    NOT NULL,
    signature BLOB    NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (space, feed, seq, hash)
) STRICT, WITHOUT ROWID;
