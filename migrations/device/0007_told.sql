-- What authors told in their sealed clocks that they hold: of each author and feed, the tips in the entry that came last. Goes with
-- that entry, should it lose its place.
CREATE TABLE told_tip (
    space   BLOB    NOT NULL REFERENCES space (space),
    author  BLOB    NOT NULL CHECK (length(author) = 16),
    feed    BLOB    NOT NULL CHECK (length(feed) = 16),
    seq     INTEGER NOT NULL,
    hash    BLOB    NOT NULL CHECK (length(hash) IN (8, 32)),           -- as it was told: the first 8 bytes, or all
    arrival INTEGER NOT NULL REFERENCES entry (arrival) ON DELETE CASCADE,
    PRIMARY KEY (space, author, feed, seq, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX told_tip_by_arrival ON told_tip (arrival);
