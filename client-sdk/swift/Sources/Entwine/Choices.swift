/// One of a few things, which a word in the documents stands for.
///
/// A word that only a newer version knows is read as `later`, which each of them has. Nobody chooses that one: a call that is
/// given it throws ``EntwineError/fixInput(_:)``.
public protocol EntwineChoice: RawRepresentable, Hashable, Codable, CaseIterable, Sendable where RawValue == String {
    /// What only a newer version knows.
    static var later: Self { get }
}

extension EntwineChoice {
    /// The one that a word stands for.
    init(word: String) { self = Self(rawValue: word) ?? .later }
}

/// How somebody wants to be heard: to be seen before anybody answers.
public enum ListeningWish: String, EntwineChoice {
    /// Hear me, and say no more than that you did.
    case justListen = "just-listen"
    /// Ask me, so that I get to the bottom of it.
    case askMe = "ask-me"
    /// Think about it with me: advice is welcome.
    case thinkWithMe = "think-with-me"
    /// What only a newer version knows.
    case later
}
