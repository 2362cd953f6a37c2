-- What one phone keeps. Everything a person wrote lies in here sealed: under the storage key, which lives in the key store,
-- or under a key of the space. What stays readable are hashes, lengths, and keyholder pseudonyms.

-- Name and settings of the profile, also before there is a space.
CREATE TABLE setting (
    key    TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL                                                -- under the storage key, bound to the key
) STRICT, WITHOUT ROWID;

-- What was begun and must be finished, or repeated, after a kill: joining.
CREATE TABLE intent (
    kind   TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
