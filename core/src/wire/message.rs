//! What passes over the wire?
