-- Changes written here that no entry carries yet.
CREATE TABLE pending (
    change   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,                -- the order in which they were written
    space    BLOB    NOT NULL REFERENCES space (space),
    document BLOB    NOT NULL CHECK (length(document) = 16),            -- keyed hash of the document's id
    sealed   BLOB    NOT NULL                                           -- under the storage key: change and time
) STRICT;

CREATE INDEX pending_by_document ON pending (space, document, change);

-- Documents that this store knows of, each with a snapshot that can be made again from entries and pending changes.
CREATE TABLE document (
    space         BLOB    NOT NULL REFERENCES space (space),
    document      BLOB    NOT NULL CHECK (length(document) = 16),
    name          BLOB    NOT NULL,                                     -- sealed
    snapshot      BLOB,                                                 -- sealed
    entries_until INTEGER NOT NULL DEFAULT 0,                           -- holds opened entries up to this arrival
    version       INTEGER NOT NULL DEFAULT 0,                           -- what writers of a snapshot compare and swap
    pending_until INTEGER NOT NULL DEFAULT 0,                           -- and pending changes up to this one
    PRIMARY KEY (space, document)
) STRICT;
