//! What does every store do alike? The suite that each implementation passes.
