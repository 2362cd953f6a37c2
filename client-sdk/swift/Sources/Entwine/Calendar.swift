import Foundation

/// A month of the journal, by its writers' calendar.
public struct Month: Hashable, Comparable, Codable, Sendable, LosslessStringConvertible {
    /// The year, such as 2026.
    public let year: Int
    /// From 1 to 12.
    public let month: Int

    /// None where the month is not one of twelve, or the year has not four digits.
    public init?(year: Int, month: Int) {
        guard (0...9999).contains(year), (1...12).contains(month) else { return nil }
        self.year = year
        self.month = month
    }

    fileprivate init(unchecked year: Int, _ month: Int) {
        self.year = year
        self.month = month
    }

    /// The month of a moment, where the person is.
    public init(of date: Date, in zone: TimeZone = .current) {
        self = Day(of: date, in: zone).month
    }

    /// A month as text, such as `2026-11`.
    public init?(_ text: String) {
        guard let numbers = numbers(in: text, separator: "-", lengths: [4, 2]) else { return nil }
        self.init(year: numbers[0], month: numbers[1])
    }

    public var description: String { padded(year, to: 4) + "-" + padded(month, to: 2) }

    public static func < (one: Month, other: Month) -> Bool { (one.year, one.month) < (other.year, other.month) }
}

/// A day, by the calendar on the wall.
public struct Day: Hashable, Comparable, Codable, Sendable, LosslessStringConvertible {
    /// The month.
    public let month: Month
    /// From 1 to 31.
    public let day: Int

    /// None where the month is not one of twelve, the day not one of thirty-one, or the year has not four digits.
    public init?(year: Int, month: Int, day: Int) {
        guard let month = Month(year: year, month: month), (1...31).contains(day) else { return nil }
        self.month = month
        self.day = day
    }

    /// The day of a moment, where the person is.
    public init(of date: Date = Date(), in zone: TimeZone = .current) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        month = Month(unchecked: parts.year ?? 0, parts.month ?? 1)
        day = parts.day ?? 1
    }

    /// A day as text, such as `2026-11-25`.
    public init?(_ text: String) {
        guard let numbers = numbers(in: text, separator: "-", lengths: [4, 2, 2]) else { return nil }
        self.init(year: numbers[0], month: numbers[1], day: numbers[2])
    }

    public var description: String { month.description + "-" + padded(day, to: 2) }

    public static func < (one: Day, other: Day) -> Bool { (one.month, one.day) < (other.month, other.day) }
}

/// An hour and a minute, by the clock on the wall.
public struct TimeOfDay: Hashable, Comparable, Codable, Sendable, LosslessStringConvertible {
    /// From 0 to 23.
    public let hour: Int
    /// From 0 to 59.
    public let minute: Int

    fileprivate init(unchecked hour: Int, _ minute: Int) {
        self.hour = hour
        self.minute = minute
    }

    /// None where no clock shows that.
    public init?(hour: Int, minute: Int) {
        guard (0...23).contains(hour), (0...59).contains(minute) else { return nil }
        self.hour = hour
        self.minute = minute
    }

    /// A time as text, such as `21:30`.
    public init?(_ text: String) {
        guard let numbers = numbers(in: text, separator: ":", lengths: [2, 2]) else { return nil }
        self.init(hour: numbers[0], minute: numbers[1])
    }

    public var description: String { padded(hour, to: 2) + ":" + padded(minute, to: 2) }

    public static func < (one: TimeOfDay, other: TimeOfDay) -> Bool {
        (one.hour, one.minute) < (other.hour, other.minute)
    }
}

/// A day and an hour, by the clock on the wall, wherever that hangs.
public struct WallTime: Hashable, Comparable, Codable, Sendable, LosslessStringConvertible {
    /// The day.
    public let day: Day
    /// The hour.
    public let time: TimeOfDay

    /// This hour of this day.
    public init(_ day: Day, _ time: TimeOfDay) {
        self.day = day
        self.time = time
    }

    /// What the clock on a wall says at a moment, to the minute.
    public init(of date: Date, in zone: TimeZone = .current) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let parts = calendar.dateComponents([.hour, .minute], from: date)
        day = Day(of: date, in: zone)
        time = TimeOfDay(unchecked: parts.hour ?? 0, parts.minute ?? 0)
    }

    /// A moment as text, such as `2026-12-24T08:00`.
    public init?(_ text: String) {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2, let day = Day(String(parts[0])), let time = TimeOfDay(String(parts[1])) else { return nil }
        self.init(day, time)
    }

    public var description: String { day.description + "T" + time.description }

    public static func < (one: WallTime, other: WallTime) -> Bool { (one.day, one.time) < (other.day, other.time) }
}

private func numbers(in text: String, separator: Character, lengths: [Int]) -> [Int]? {
    let parts = text.split(separator: separator, omittingEmptySubsequences: false)
    guard parts.map(\.count) == lengths, parts.allSatisfy({ $0.allSatisfy { ("0"..."9").contains($0) } }) else {
        return nil
    }
    return parts.compactMap { Int($0) }
}

private func padded(_ number: Int, to length: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, length - digits.count)) + digits
}

/// A moment, and how far the writer's clock was from Greenwich's then.
struct LocalTime {
    let date: Date
    let zone: TimeZone

    /// RFC 3339, as Rust writes it. What no calendar here holds is long ago: one odd entry does not hide the others.
    init(_ text: String) {
        guard let date = try? Date(text, strategy: .iso8601), text.count >= 20 else {
            (self.date, zone) = (.distantPast, .gmt)
            return
        }
        self.date = date
        let offset = text.suffix(6)
        if let time = TimeOfDay(String(offset.dropFirst())) {
            let seconds = (time.hour * 60 + time.minute) * 60
            zone = TimeZone(secondsFromGMT: offset.first == "-" ? -seconds : seconds) ?? .gmt
        } else {
            zone = .gmt
        }
    }
}
