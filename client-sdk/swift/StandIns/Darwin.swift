// Stands in for Apple's C library, so that Sources/Entwine/Apple is checked for its types on Linux.
@_exported import Glibc
