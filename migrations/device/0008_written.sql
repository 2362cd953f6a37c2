-- How far what was written here has come. Changes are numbered as they are written; whatever is pending is sealed at once.
ALTER TABLE entry ADD COLUMN written_until INTEGER;                     -- of entries sealed here: the last change sealed then

CREATE INDEX entry_by_written ON entry (space, written_until, seq, hash) WHERE written_until IS NOT NULL;
