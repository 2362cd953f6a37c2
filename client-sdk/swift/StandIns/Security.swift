// Stands in for Apple's Security, so that Sources/Entwine/Apple is checked for its types on Linux. As much as is used, and empty.
import Foundation

public typealias CFTypeRef = AnyObject
public typealias CFDictionary = [String: Any]
public typealias OSStatus = Int32

public let kSecAttrAccessGroup = ""
public let kSecAttrAccessible = ""
public let kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly = ""
public let kSecAttrAccount = ""
public let kSecAttrService = ""
public let kSecAttrSynchronizable = ""
public let kSecClass = ""
public let kSecClassGenericPassword = ""
public let kSecMatchLimit = ""
public let kSecMatchLimitOne = ""
public let kSecReturnData = ""
public let kSecUseDataProtectionKeychain = ""
public let kSecValueData = ""

public let errSecSuccess: OSStatus = 0
public let errSecItemNotFound: OSStatus = -25300

public func SecItemAdd(_: CFDictionary, _: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus { 0 }
public func SecItemCopyMatching(_: CFDictionary, _: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus { 0 }
public func SecCopyErrorMessageString(_: OSStatus, _: UnsafeMutableRawPointer?) -> String? { nil }
