//! How do I want to be heard? A wish that stands above words, to be seen before anybody answers them.

use crate::document::choices;

choices! {
    /// How somebody wants to be heard.
    ListeningWish, "listening wish" {
        /// Hear me, and say no more than that you did.
        JustListen = "just-listen",
        /// Ask me, so that I get to the bottom of it.
        AskMe = "ask-me",
        /// Think about it with me: advice is welcome.
        ThinkWithMe = "think-with-me",
    }
}
