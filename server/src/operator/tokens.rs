//! Who may found spaces here? Makes, lists and revokes registration tokens, also while the relay runs.
