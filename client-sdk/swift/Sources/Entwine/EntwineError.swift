import Foundation

internal import EntwineFFI

/// Why something was not done, named by what the app should do.
///
/// Each carries a text that says what happened, in words for people. Nothing that was reported as done is lost by any of
/// them. A call whose task was cancelled throws `CancellationError` instead.
public enum EntwineError: Error, Equatable, Sendable {
    /// Nothing is wrong with the question: ask again later. The relay is out of reach, say, or the phone's keys are locked.
    case tryLater(String)
    /// What was given is not taken: show the text beside the field, and let it be changed.
    case fixInput(String)
    /// This invitation lets nobody in any more: ask whoever made it for another one.
    case askForLink(String)
    /// The client is in another state than the call expects, such as one without a space, or closed: read the status, and
    /// show the screen that fits it.
    case refreshState(String)
    /// This device was removed, or its person left: show what is there, and offer nothing that writes.
    case showReadOnly(String)
    /// The disk is full: let the user make room. Nothing was written.
    case makeRoom(String)
    /// The space uses what this version does not know: ask for an update of the app.
    case updateApp(String)
    /// What is on this device cannot be opened: make another profile, and come back in by a link from another device or by
    /// the recovery phrase.
    case recover(String)

    /// What happened, in words for people.
    public var message: String {
        switch self {
        case .tryLater(let message), .fixInput(let message), .askForLink(let message), .refreshState(let message),
            .showReadOnly(let message), .makeRoom(let message), .updateApp(let message), .recover(let message):
            message
        }
    }
}

extension EntwineError: LocalizedError {
    public var errorDescription: String? { message }
}

extension EntwineError {
    init(_ error: any Error) {
        switch error {
        case let known as EntwineError: self = known
        case EntwineFFI.EntwineError.TryLater(let message): self = .tryLater(message)
        case EntwineFFI.EntwineError.FixInput(let message): self = .fixInput(message)
        case EntwineFFI.EntwineError.AskForLink(let message): self = .askForLink(message)
        case EntwineFFI.EntwineError.RefreshState(let message): self = .refreshState(message)
        case EntwineFFI.EntwineError.ShowReadOnly(let message): self = .showReadOnly(message)
        case EntwineFFI.EntwineError.MakeRoom(let message): self = .makeRoom(message)
        case EntwineFFI.EntwineError.UpdateApp(let message): self = .updateApp(message)
        case EntwineFFI.EntwineError.Recover(let message): self = .recover(message)
        // A fault of the bridge: what was done before is kept.
        default: self = .tryLater(String(describing: error))
        }
    }
}
