-- Entries of removed devices beyond the cut that their removal states. They belong to no feed any more and are sent to nobody;
-- they stay for whoever has to find out what a thief wrote, and when.
CREATE TABLE displaced_entry (
    space        BLOB    NOT NULL REFERENCES space (space),
    feed         BLOB    NOT NULL CHECK (length(feed) = 16),
    seq          INTEGER NOT NULL,
    hash         BLOB    NOT NULL CHECK (length(hash) = 32),
    previous     BLOB    NOT NULL CHECK (length(previous) = 32),
    position     INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    critical     INTEGER NOT NULL,
    sealed       BLOB    NOT NULL,
    signature    BLOB    NOT NULL,
    received_at  INTEGER NOT NULL,                                      -- seconds since 1970, by the relay's clock
    PRIMARY KEY (space, feed, seq, hash)
) STRICT, WITHOUT ROWID;
