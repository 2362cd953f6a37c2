CREATE TABLE space (
    space       BLOB    NOT NULL PRIMARY KEY CHECK (length(space) = 32), -- hash of record 0
    kind        INTEGER NOT NULL CHECK (kind IN (0, 1)),                 -- 0 shared, 1 private
    length      INTEGER NOT NULL CHECK (length > 0),                     -- records in the chain; what writers compare and swap,
    head        BLOB    NOT NULL CHECK (length(head) = 32),              -- with the hash of the last record
    settings    BLOB    NOT NULL,                                        -- sealed: the relay, the registration token
    own_seq     INTEGER NOT NULL DEFAULT 0,                              -- the last entry that this store itself sealed:
    own_hash    BLOB,                                                    -- the next one follows it, or what follows it
    own_clock   BLOB,                                                    -- the clock lines that stood in it or before it
    exchange    BLOB                                                     -- sealed: how the last exchange ended
) STRICT, WITHOUT ROWID;

-- The membership chain, as received: hashes run over these bytes.
CREATE TABLE record (
    space    BLOB    NOT NULL REFERENCES space (space),
    position INTEGER NOT NULL CHECK (position >= 0),
    bytes    BLOB    NOT NULL,
    PRIMARY KEY (space, position)
) STRICT;
