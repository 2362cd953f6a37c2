-- Spaces that were left behind for ones founded anew: read, and neither exchanged nor written.
ALTER TABLE space ADD COLUMN archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1));
