-- What the relay keeps. Every primary key starts with the space, and no statement crosses spaces, so that the same tables can
-- be spread over many machines by space. Exceptions: keyholder (by keyholder, for tokens and the caller's list of spaces),
-- registration_token and relay. Nothing in here can be opened by the relay.

CREATE TABLE space (
    space      BLOB    NOT NULL PRIMARY KEY CHECK (length(space) = 32), -- hash of record 0
    kind       INTEGER NOT NULL CHECK (kind IN (0, 1)),                 -- 0 shared, 1 private
    length     INTEGER NOT NULL CHECK (length > 0),                     -- records in the chain; what writers compare and swap,
    head       BLOB    NOT NULL CHECK (length(head) = 32),              -- with the hash of the last record
    bytes      INTEGER NOT NULL,                                        -- of all records and entries, for the quota
    created_at INTEGER NOT NULL                                         -- seconds since 1970, by the relay's clock
) STRICT, WITHOUT ROWID;

-- Which private spaces belong to a shared one: found by the shared space, so that creating one looks at one place.
CREATE TABLE private_space (
    space   BLOB NOT NULL CHECK (length(space) = 32),                   -- the shared space, which this relay may not know
    person  BLOB NOT NULL CHECK (length(person) = 16),
    private BLOB NOT NULL CHECK (length(private) = 32),
    PRIMARY KEY (space, person, private)
) STRICT, WITHOUT ROWID;

-- The membership chain, as received: hashes run over these bytes. A rowid table, since records are long.
CREATE TABLE record (
    space    BLOB    NOT NULL REFERENCES space (space),
    position INTEGER NOT NULL CHECK (position >= 0),
    hash     BLOB    NOT NULL CHECK (length(hash) = 32),
    bytes    BLOB    NOT NULL,
    PRIMARY KEY (space, position)
) STRICT;

-- What the chain says about each keyholder that it ever named; derived from it, in the same transaction.
CREATE TABLE keyholder (
    keyholder   BLOB    NOT NULL CHECK (length(keyholder) = 16),        -- hash of the two keys
    space       BLOB    NOT NULL REFERENCES space (space),
    space_kind  INTEGER NOT NULL CHECK (space_kind IN (0, 1)),          -- as in its space: the list of spaces needs it
    kind        INTEGER NOT NULL,                                       -- 0 device, 1 and 2 invitations, 3 phrase
    person      BLOB    NOT NULL CHECK (length(person) = 16),
    signing_key BLOB    NOT NULL CHECK (length(signing_key) = 32),      -- Ed25519
    hpke_key    BLOB    NOT NULL CHECK (length(hpke_key) = 32),         -- X25519
    added_at    INTEGER NOT NULL,                                       -- position of the record that added it
    removed_at  INTEGER,                                                -- position of the record that removed it
    PRIMARY KEY (keyholder, space)
) STRICT, WITHOUT ROWID;
