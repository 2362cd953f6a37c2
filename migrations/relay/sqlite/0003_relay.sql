-- Who may create a space. A token can be used again until it is revoked.
CREATE TABLE registration_token (
    id         TEXT    NOT NULL PRIMARY KEY,                            -- to name it by; says nothing about the token
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),            -- SHA-256 of the token
    text       TEXT,                                                    -- only of the one made at the first start, until used
    created_at INTEGER NOT NULL,                                        -- seconds since 1970, by the relay's clock
    used_at    INTEGER,                                                 -- when it was first used
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- One row.
CREATE TABLE relay (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    created_at INTEGER NOT NULL
) STRICT;
