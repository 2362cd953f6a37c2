-- How often the relay set aside the entry that carried a change of this device's: 0 goes with others, 1 goes alone, 2 stays here.
ALTER TABLE pending ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0 CHECK (refusals BETWEEN 0 AND 2);
ALTER TABLE entry ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;   -- of the changes that it carries
