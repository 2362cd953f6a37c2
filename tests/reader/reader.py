#!/usr/bin/env python3
"""Does docs/protocol.md say enough? A second reader of Entwine's bytes, written from that page alone.

It shares no line with the Rust code, knows nothing but what the page says, and is slow and plain. Every subcommand prints one
JSON value; what is not as the page says ends with exit code 1 and a reason on stderr.

    reader.py chain FILE                      verifies a chain, and says who may and which epochs there are
    reader.py secrets --keys K FILE           opens seals and history boxes
    reader.py entries --keys K --chain C FILE verifies and opens entries
    reader.py live --keys K --chain C HEX     verifies and opens a live message
    reader.py safety-words FILE [--device ID] the six words of a chain, or of a device in it
    reader.py link LINK                       what a link says, and the keys that derive from it
    reader.py phrase WORDS                    the keys that derive from a recovery phrase
    reader.py digest FILE                     checks a clock's digest: {"chain", "clock" in whole form}
    reader.py proof TOKEN --aud A --space S   a registration proof
    reader.py token --keys K --method M --path P --aud A [--now N]
    reader.py spaces --keys K --relay URL     where a running relay names these keys
    reader.py sync --keys K --relay URL --space S     fetches chain and entries from a running relay, and opens them

K is a file: a device's 64 secret bytes (Ed25519 seed, X25519 scalar) raw, in hexadecimal, or as {"secret": HEX}. A chain's FILE
is JSON: a list of records in hexadecimal, or an object with such a list (or one of {"bytes": HEX}) under "records".
Entries' FILE is a list of {"sent": HEX, "previous": HEX}; "previous" may be left out where the entry itself says it.
"""

import argparse
import base64
import hashlib
import hmac
import json
import pathlib
import struct
import sys
import time
import urllib.error
import urllib.request
import zlib

import cbor2
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ZERO = bytes(32)
DEVICE, PARTNER_INVITATION, DEVICE_INVITATION, PHRASE = range(4)
CREATE, ADD, ACCEPT, REMOVE, ROTATE = range(5)
FRAME_MIN, UNPACKED_MAX = 160, 4 * 1024 * 1024
RECORDS_MAX, INVITATIONS_MAX, PERSONS_MAX = 4096, 3, 2
DEVICES_MAX, DEVICES_BY_PHRASE_MAX, PHRASES_MAX = 8, 12, 2
TIPS_MAX = 64


class Refused(Exception):
    """What was read is not as the page says."""


def require(condition, reason):
    if not condition:
        raise Refused(reason)


# Encoding


def encode(value):
    return cbor2.dumps(value, canonical=True)


def decode(data):
    """One value in its one encoding."""
    try:
        value = cbor2.loads(data)
    except Exception as error:
        raise Refused(f"no CBOR: {error}") from error
    require(encode(value) == data, "not the deterministic encoding")
    check_plain(value)
    return value


def check_plain(value):
    if isinstance(value, list):
        for item in value:
            check_plain(item)
    else:
        is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        require(value is None or is_number or isinstance(value, (bool, bytes, str)), "a kind of value that is never used")


def array(value, length, what):
    require(isinstance(value, list) and (length is None or len(value) == length), f"{what}: not such an array")
    return value


def fixed(value, length, what):
    require(isinstance(value, bytes) and len(value) == length, f"{what}: not {length} bytes")
    return value


def uint(value, what):
    require(isinstance(value, int) and not isinstance(value, bool) and value >= 0, f"{what}: not a number")
    return value


# Primitives


def hash_of(label, *parts):
    return hashlib.sha256(label.encode() + b"\0" + b"".join(parts)).digest()


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(key, info, length):
    """HKDF-Expand of RFC 5869."""
    output, block, counter = b"", b"", 1
    while len(output) < length:
        block = hmac_sha256(key, block + info + bytes([counter]))
        output, counter = output + block, counter + 1
    return output[:length]


def derive(secret, label):
    return expand(hmac_sha256(ZERO, secret), label.encode(), 32)


P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P


def is_small_order(point):
    """Whether 8 times this encoded point is nothing, so that it would verify whatever is wished."""
    y, sign = int.from_bytes(point, "little") & (2**255 - 1), point[31] >> 7
    if y >= P:
        return True
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return True
    if x & 1 != sign:
        x = P - x
    for _ in range(3):
        bottom = D * x * x * y * y % P
        x, y = 2 * x * y * pow(1 + bottom, P - 2, P) % P, (y * y + x * x) * pow(1 - bottom, P - 2, P) % P
    return x == 0 and y == 1


def verify(public, label, signature, *parts):
    require(not is_small_order(public) and not is_small_order(signature[:32]), "a point of small order")
    try:
        message = label.encode() + b"\0" + b"".join(parts)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise Refused(f"bad signature ({label})") from error


def hchacha20(key, nonce):
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for first, second, target, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[first] = (state[first] + state[second]) & 0xFFFFFFFF
            mixed = state[target] ^ state[first]
            state[target] = (mixed << turn | mixed >> (32 - turn)) & 0xFFFFFFFF

    for _ in range(10):
        for column in range(4):
            quarter(column, 4 + column, 8 + column, 12 + column)
        for column in range(4):
            quarter(column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4)
    return struct.pack("<8I", *state[:4], *state[12:])


def unseal(key, associated, sealed):
    require(len(sealed) >= 40, "sealed bytes that are too short")
    nonce, ciphertext = sealed[:24], sealed[24:]
    try:
        cipher = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
        return cipher.decrypt(bytes(4) + nonce[16:], ciphertext, associated)
    except InvalidTag as error:
        raise Refused("the sealed bytes do not open") from error


def hpke_open(scalar, encapsulated, info, ciphertext):
    """HPKE of RFC 9180: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305; the first message."""
    private = X25519PrivateKey.from_private_bytes(scalar)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    except ValueError as error:
        raise Refused("a seal to nobody") from error

    def labelled(suite):
        def extract(salt, label, data):
            return hmac_sha256(salt or ZERO, b"HPKE-v1" + suite + label + data)

        def labelled_expand(key, label, data, length):
            return expand(key, struct.pack(">H", length) + b"HPKE-v1" + suite + label + data, length)

        return extract, labelled_expand

    extract, kem_expand = labelled(b"KEM" + struct.pack(">H", 0x20))
    secret = kem_expand(extract(b"", b"eae_prk", shared), b"shared_secret", encapsulated + public, 32)
    extract, schedule_expand = labelled(b"HPKE" + struct.pack(">HHH", 0x20, 1, 3))
    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    scheduled = extract(secret, b"secret", b"")
    key = schedule_expand(scheduled, b"key", context, 32)
    nonce = schedule_expand(scheduled, b"base_nonce", context, 12)
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, b"")
    except InvalidTag as error:
        raise Refused("the seal does not open") from error


# Keyholders


class Keys:
    """A keyholder's two secrets."""

    def __init__(self, seed, scalar):
        self.seed, self.scalar = seed, scalar
        self.signing = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.hpke = X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = keyholder_id(self.signing, self.hpke)

    @staticmethod
    def derived(secret, label):
        return Keys(derive(secret, label + "/signing"), derive(secret, label + "/hpke"))

    @staticmethod
    def from_file(path):
        data = pathlib.Path(path).read_bytes()
        if len(data) != 64:
            text = data.decode().strip()
            data = bytes.fromhex(json.loads(text)["secret"] if text.startswith("{") else text)
        require(len(data) == 64, "keys are 64 bytes")
        return Keys(data[:32], data[32:])

    def show(self):
        return {
            "secret": (self.seed + self.scalar).hex(),
            "signing": self.signing.hex(),
            "hpke": self.hpke.hex(),
            "keyholder": self.id.hex(),
        }


def keyholder_id(signing, hpke):
    return hash_of("entwine/v1/keyholder", signing, hpke)[:16]


def read_keys(value):
    signing, hpke = array(value, 2, "public keys")
    return fixed(signing, 32, "signing key"), fixed(hpke, 32, "HPKE key")


def word_list():
    return (pathlib.Path(__file__).parent / "bip39-english.txt").read_text().split()


def phrase_keys(text):
    words, numbers = word_list(), 0
    given = text.lower().split()
    require(len(given) == 24 and all(word in words for word in given), "a phrase has 24 words of the list")
    for word in given:
        numbers = numbers << 11 | words.index(word)
    entropy = (numbers >> 8).to_bytes(32, "big")
    require(hashlib.sha256(entropy).digest()[0] == numbers & 0xFF, "the last word does not fit the others")
    return Keys.derived(entropy, "entwine/v1/recovery-phrase")


def read_link(text):
    prefix = "entwine://join#"
    require(text.startswith(prefix), "no invitation link")
    fragment = text[len(prefix) :]
    require("=" not in fragment, "no padding there")
    version, kind, relay, spaces, secret = array(
        decode(base64.b64decode(fragment + "=" * (-len(fragment) % 4), altchars=b"-_", validate=True)), 5, "link"
    )
    require(version == 1 and kind in (PARTNER_INVITATION, DEVICE_INVITATION), "a link of another version")
    require(len(array(spaces, None, "spaces")) == kind, "one space for a partner, two for a device")
    keys = Keys.derived(fixed(secret, 32, "secret"), "entwine/v1/invitation")
    return {
        "kind": "partner" if kind == PARTNER_INVITATION else "device",
        "relay": relay,
        "spaces": [[fixed(space, 32, "space").hex(), fixed(head, 32, "head").hex()] for space, head in spaces],
        "keys": keys.show(),
    }


# Membership chain


class Chain:
    """A membership chain, verified from its first record."""

    def __init__(self, records):
        self.records, self.hashes, self.keyholders = [], [], []
        self.epochs = []  # [opened_at, closed_at or None]
        self.openings_since_closing = 0
        self.too_old = False
        self.space = ZERO
        for record in records:
            self.append(record)
        require(self.records, "no record at all")

    def append(self, data):
        record = array(decode(data), 8, "record")
        version, index, previous, kind, critical, body, author, signature = record
        require(version == 1, "a record of another version")
        require(index == len(self.records), "not the next index")
        require(len(self.records) < RECORDS_MAX, "the chain is full")
        require(previous == (self.hashes[-1] if self.hashes else ZERO), "it does not follow the head")
        require(isinstance(critical, bool) and isinstance(body, bytes), "malformed")
        fixed(author, 16, "author")
        known = kind <= ROTATE
        require(critical or not known, "known kinds are critical")
        body = decode(body) if known else body
        if index == 0:
            require(kind == CREATE, "a space begins with create")
            signer = {"keys": read_keys(array(body, 4, "create")[2]), "kind": DEVICE}
            require(author == keyholder_id(*signer["keys"]), "the author is the founder")
        else:
            signer = self.member(author)
            require(signer is not None, "the author is no keyholder now")
        verify(signer["keys"][0], "entwine/v1/record", fixed(signature, 64, "signature"), encode(record[:7]))
        if index == 0:
            self.space = hash_of("entwine/v1/record", data)
        if known:
            apply = (self.create, self.add, self.accept, self.remove, self.rotate)[kind]
            apply(signer, body, index)
        else:
            require(signer["kind"] == DEVICE, "only a device appends what is not known")
            self.too_old |= critical
        self.records.append(record)
        self.hashes.append(hash_of("entwine/v1/record", data))

    def create(self, _author, body, index):
        require(index == 0, "a space is founded once")
        space_kind, person, keys, opening = array(body, 4, "create")
        self.private_of = None if space_kind is None else fixed(space_kind, 32, "space kind")
        keys = read_keys(keys)
        self.admit(keys, DEVICE, fixed(person, 16, "person"), 0, None, keyholder_id(*keys))
        self.open_epoch(opening, index)

    def add(self, author, body, index):
        person, kind, keys, expires, offer, seal = array(body, 6, "add")
        is_invitation = kind in (PARTNER_INVITATION, DEVICE_INVITATION)
        require(is_invitation or kind in (DEVICE, PHRASE), "no such kind of keyholder")
        require(author["kind"] in (DEVICE, PHRASE) and person == author["person"], "for another, or by an invitation")
        require(author["kind"] == DEVICE or kind == DEVICE, "a phrase adds a device, and nothing else")
        if kind == PARTNER_INVITATION:
            require(self.private_of is None and len(self.persons()) < PERSONS_MAX, "there is no room for another person")
        if is_invitation:
            uint(expires, "expires")
            require(self.count(person, PARTNER_INVITATION, DEVICE_INVITATION) < INVITATIONS_MAX, "three invitations are open")
        else:
            require(expires is None, "only an invitation has an end")
        if kind == DEVICE:
            most = DEVICES_BY_PHRASE_MAX if author["kind"] == PHRASE else DEVICES_MAX
            require(self.count(person, DEVICE) < most, "too many devices")
        if kind == PHRASE:
            require(self.count(person, PHRASE) < PHRASES_MAX, "two phrases are there")
        keys = read_keys(keys)
        require(read_seal(seal)[0] == keyholder_id(*keys), "the seal is another's")
        self.check_offer(keys, person, kind, offer)
        self.admit(keys, kind, person, index, expires, author["id"])

    def accept(self, author, body, index):
        person, keys, offer = array(body, 3, "accept")
        require(author["kind"] in (PARTNER_INVITATION, DEVICE_INVITATION), "only an invitation is accepted")
        if author["kind"] == PARTNER_INVITATION:
            require(person not in self.persons() and len(self.persons()) < PERSONS_MAX, "a partner is a new person")
        else:
            require(person == author["person"], "a device link is for the inviter's own device")
            require(self.count(person, DEVICE) < DEVICES_MAX, "too many devices")
        keys = read_keys(keys)
        self.check_offer(keys, fixed(person, 16, "person"), DEVICE, offer)
        self.admit(keys, DEVICE, person, index, None, author["id"])
        author["removed_at"] = index
        self.close_epoch(index)

    def remove(self, author, body, index):
        require(author["kind"] == DEVICE and len(array(body, None, "remove")) > 0, "only a device removes, and somebody")
        removed = [fixed(array(cut, 2, "cut")[0], 16, "keyholder") for cut in body]
        require(removed == sorted(set(removed)), "not in order")
        targets = [self.member(keyholder) for keyholder in removed]
        for target, cut in zip(targets, body):
            require(target is not None and target["person"] == author["person"], "nobody removes for another person")
            tips = [[uint(seq, "seq"), fixed(tip, 32, "tip")] for seq, tip in array(cut[1], None, "cut")]
            require(len(tips) <= TIPS_MAX and all(a < b for a, b in zip(tips, tips[1:])), "tips not in order")
            require(target["kind"] == DEVICE or tips == [], "only a device has a feed")
        for keyholder in self.current():
            if keyholder["kind"] in (PARTNER_INVITATION, DEVICE_INVITATION) and keyholder["id"] not in removed:
                require(keyholder["by"] not in removed, "with a device goes every invitation that it made")
        for target, cut in zip(targets, body):
            target["removed_at"] = index
            target["cut"] = cut[1] if target["kind"] == DEVICE else None
        self.close_epoch(index)

    def rotate(self, author, body, index):
        require(author["kind"] == DEVICE, "only a device rotates")
        require(self.openings_since_closing < 2, "opened and mended already")
        self.open_epoch(body, index)

    def open_epoch(self, opening, index):
        tag, seals, history = array(opening, 3, "opening")
        fixed(tag, 32, "tag")
        require(isinstance(history, bytes), "history box")
        recipients = [read_seal(seal)[0] for seal in array(seals, None, "seals")]
        require(recipients == sorted(k["id"] for k in self.current()), "exactly one seal for every keyholder")
        if self.epochs and self.epochs[-1][1] is None:
            self.epochs[-1][1] = index
        self.epochs.append([index, None])
        self.openings_since_closing += 1

    def close_epoch(self, index):
        if self.epochs[-1][1] is None:
            self.epochs[-1][1] = index
        self.openings_since_closing = 0

    def check_offer(self, keys, person, kind, offer):
        verify(keys[0], "entwine/v1/offer", fixed(offer, 64, "offer"), self.space, person, bytes([kind]))

    def admit(self, keys, kind, person, index, expires, by):
        added = keyholder_id(*keys)
        require(all(k["id"] != added for k in self.keyholders), "never added twice")
        self.keyholders.append(
            {
                "number": len(self.keyholders), "id": added, "keys": keys, "kind": kind, "person": person,
                "added_at": index, "removed_at": None, "expires": expires, "cut": None, "by": by,
            }
        )  # fmt: skip

    def current(self):
        return [k for k in self.keyholders if k["removed_at"] is None]

    def count(self, person, *kinds):
        return sum(k["person"] == person and k["kind"] in kinds for k in self.current())

    def member(self, keyholder):
        return next((k for k in self.current() if k["id"] == keyholder), None)

    def persons(self):
        return {k["person"] for k in self.keyholders if k["kind"] == DEVICE}

    def epoch_at(self, index):
        """The index of the record that opened the epoch after record `index`."""
        opened = [epoch for epoch in self.epochs if epoch[0] <= index]
        require(index < len(self.records), "no such position")
        return None if not opened or (opened[-1][1] is not None and opened[-1][1] <= index) else opened[-1][0]

    def place(self, index):
        return ZERO + ZERO if index == 0 else self.space + self.hashes[index - 1]

    def opening(self, index):
        body = decode(self.records[index][5])
        return body[3] if self.records[index][3] == CREATE else body

    def secrets(self, keys):
        """Every epoch's secret that these keys open, by the index of its opening."""
        found = {}
        for index in reversed([epoch[0] for epoch in self.epochs]):
            tag, seals, history = self.opening(index)
            candidates = [(seal, index) for seal in seals]
            for keyholder in self.keyholders:
                at = keyholder["added_at"]
                if keyholder["id"] == keys.id and self.records[at][3] == ADD and self.last_opening_before(at) == index:
                    candidates.append((decode(self.records[at][5])[5], at))
            for seal, at in candidates:
                if index not in found and read_seal(seal)[0] == keys.id:
                    self.try_seal(found, index, keys, seal, at, tag)
            if index in found:
                self.try_history(found, index, history)
        return found

    def last_opening_before(self, index):
        return max(epoch[0] for epoch in self.epochs if epoch[0] < index)

    def try_seal(self, found, index, keys, seal, at, tag):
        recipient, encapsulated, ciphertext = read_seal(seal)
        try:
            secret = hpke_open(keys.scalar, encapsulated, b"entwine/v1/seal\0" + self.place(at) + recipient, ciphertext)
        except Refused:
            return
        if derive(secret, "entwine/v1/epoch/tag") == tag:
            found[index] = secret

    def try_history(self, found, index, history):
        key = derive(found[index], "entwine/v1/epoch/history")
        try:
            box = decode(unseal(key, b"entwine/v1/history-box\0" + self.place(index), history))
        except Refused:
            return
        for opened_by, secret in box:
            for earlier in [epoch[0] for epoch in self.epochs]:
                fits = self.hashes[earlier] == opened_by
                if fits and derive(secret, "entwine/v1/epoch/tag") == self.opening(earlier)[0]:
                    found.setdefault(earlier, secret)

    def safety_words(self, device=None):
        founder = self.keyholders[0]["person"]
        if device is None:
            found = (k for k in self.keyholders if k["kind"] == DEVICE and k["person"] != founder)
        else:
            found = (k for k in self.keyholders if k["id"].hex() == device)
        added = next(found, None)
        require(added is not None, "the space has one person, or no such device")
        password = self.space + self.hashes[added["added_at"]]
        bits = hashlib.pbkdf2_hmac("sha256", password, b"entwine/v1/safety-words", 600_000, 16)
        number, words = int.from_bytes(bits, "big"), word_list()
        return [words[number >> (128 - 11 * (n + 1)) & 0x7FF] for n in range(6)]

    def show(self):
        shown = [{**k, "id": k["id"].hex(), "person": k["person"].hex()} for k in self.keyholders]
        for keyholder in shown:
            del keyholder["keys"], keyholder["by"]
            if keyholder["cut"] is not None:
                keyholder["cut"] = [[seq, tip.hex()] for seq, tip in keyholder["cut"]]
        return {
            "space": self.space.hex(),
            "kind": "shared" if self.private_of is None else "private",
            "length": len(self.records),
            "head": self.hashes[-1].hex(),
            "hashes": [value.hex() for value in self.hashes],
            "keyholders": shown,
            "open_epoch_after": [self.epoch_at(index) for index in range(len(self.records))],
            "too_old": self.too_old,
        }


def read_seal(value):
    recipient, suite, encapsulated, ciphertext = array(value, 4, "seal")
    require(suite == 1, "a seal of another suite")
    return fixed(recipient, 16, "recipient"), fixed(encapsulated, 32, "encapsulated"), fixed(ciphertext, 48, "ciphertext")


# Feeds and what is sealed


def padded(length):
    if length <= FRAME_MIN:
        return FRAME_MIN
    exponent = length.bit_length() - 1
    step = 1 << (exponent - (exponent.bit_length() - 1 + 1))
    return -(-length // step) * step


def unpack(frame):
    require(len(frame) >= 5, "a frame that is too short")
    packing, length = frame[0], int.from_bytes(frame[1:5], "big")
    require(len(frame) == padded(5 + length) and not any(frame[5 + length :]), "a frame that is not padded so")
    body = frame[5 : 5 + length]
    require(packing in (0, 1), "an unknown packing")
    if packing == 1:
        inflate = zlib.decompressobj(-15)
        body = inflate.decompress(body, UNPACKED_MAX + 1)
        require(inflate.eof, "deflated bytes that do not end")
    require(len(body) <= UNPACKED_MAX, "too large when unpacked")
    return body


def read_entry(chain, sent, previous=None):
    """Verifies an entry as it is sent; `previous` is the hash of the entry before it in the message, if it follows that one."""
    version, suite, feed, seq, given, position, kind, critical, sealed, signature = array(sent, 10, "entry")
    require(version == 1 and suite == 1, "an entry of another version")
    require(uint(feed, "feed") < len(chain.keyholders) and uint(position, "position") < len(chain.records), "not here")
    author = chain.keyholders[feed]
    previous = ZERO if seq == 1 and given is None else given if given is not None else previous
    require(seq > 0 and previous is not None and (seq == 1) == (previous == ZERO), "previous and seq do not fit")
    is_member = author["added_at"] <= position and (author["removed_at"] is None or position < author["removed_at"])
    require(author["kind"] == DEVICE and is_member, "not a member there")
    require(chain.epoch_at(position) is not None, "no epoch is open there")
    place = [position, chain.hashes[position]]
    header = encode([1, 1, chain.space, author["id"], seq, previous, place, kind, critical])
    hashes = hash_of("entwine/v1/entry-header", header) + hash_of("entwine/v1/entry-sealed", sealed)
    verify(author["keys"][0], "entwine/v1/entry", fixed(signature, 64, "signature"), hashes)
    return {
        "feed": author["id"].hex(), "number": feed, "seq": seq, "previous": previous, "position": position, "kind": kind,
        "critical": critical, "hash": hash_of("entwine/v1/entry", hashes), "header": header, "sealed": sealed,
    }  # fmt: skip


def open_entry(chain, secrets, entry):
    epoch = chain.epoch_at(entry["position"])
    require(epoch in secrets, "the key of its epoch is missing")
    key = derive(secrets[epoch], "entwine/v1/epoch/entries")
    content = decode(unpack(unseal(key, entry["header"], entry["sealed"])))
    document, generation, changes, clock, written = array(content, 5, "content")
    document_id = hash_of("entwine/v1/document-id", chain.space, document.encode(), struct.pack(">I", generation))[:16]
    return {
        "document": document,
        "document_id": document_id.hex(),
        "generation": generation,
        "changes": [change.hex() for change in changes],
        "clock": [[feed, [[seq, tip.hex()] for seq, tip in tips]] for feed, tips in clock],
        "written": written,
    }


def show_entry(chain, secrets, entry):
    shown = {key: value.hex() if isinstance(value, bytes) else value for key, value in entry.items()}
    return {**shown, "content": open_entry(chain, secrets, entry)}


def open_live(chain, secrets, data):
    version, suite, sender, session, counter, position, sealed, signature = array(decode(data), 8, "live message")
    require(version == 1 and suite == 1, "a live message of another version")
    author = chain.keyholders[sender]
    place = [position, chain.hashes[position]]
    header = encode([1, 1, chain.space, author["id"], fixed(session, 16, "session"), counter, place])
    verify(author["keys"][0], "entwine/v1/live", signature, header, sealed)
    key = derive(secrets[chain.epoch_at(position)], "entwine/v1/epoch/live")
    return {"sender": author["id"].hex(), "counter": counter, "plain": unpack(unseal(key, header, sealed)).hex()}


def digest(chain, lines):
    return hash_of("entwine/v1/clock", encode([len(chain.records), chain.hashes[-1], lines]))


# The relay


def make_token(keys, method, path, aud, now):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    header = {"typ": "JWT", "alg": "EdDSA", "kid": keys.id.hex()}
    claims = {"aud": aud, "htm": method, "htu": path, "iat": now, "exp": now + 120}
    message = ".".join(part(json.dumps(value, separators=(",", ":")).encode()) for value in (header, claims))
    return message + "." + part(Ed25519PrivateKey.from_private_bytes(keys.seed).sign(message.encode()))


def ask(keys, relay, method, path, body=None, offset=0):
    token = make_token(keys, method, path, relay, int(time.time()) + offset)
    headers = {"Authorization": f"Bearer {token}"} | ({"Content-Type": "application/cbor"} if body is not None else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(relay + path, body, headers, method=method), timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        text = error.read()
        if error.code == 401 and offset == 0 and json.loads(text).get("code") == "token_expired":
            return ask(keys, relay, method, path, body, json.loads(text)["now"] - int(time.time()))
        raise Refused(f"{error.code}: {text[:500]!r}") from error


def fetch(keys, relay, space):
    """The chain and all entries of a space, each verified."""
    records, entries, clock = [], {}, [0, ZERO, ZERO, []]
    while True:
        answer = array(decode(ask(keys, relay, "POST", f"/v1/spaces/{space}/sync", encode([1, clock, [], [], []]))), 8, "response")
        version, theirs, refused, _unknown, new_records, new_entries, _locators, more = answer
        theirs = theirs or clock  # null: what the request said
        require(version == 1 and refused == [], "what was not brought is not refused")
        records += new_records
        chain, before = Chain(records), len(entries)
        require(chain.space.hex() == space, "another space")
        last = None
        for sent in new_entries:
            follows = last is not None and sent[2] == last["number"] and sent[3] == last["seq"] + 1
            last = read_entry(chain, sent, last["hash"] if follows else None)
            has_place = last["seq"] == 1 or last["previous"] in entries
            require(has_place, "a gap")
            entries[last["hash"]] = last
        lines = tips_of(entries.values())
        whole = digest(chain, lines)
        clock = [len(records), chain.hashes[-1], whole, [[n, [[seq, tip[:8]] for seq, tip in tips]] for n, tips in lines]]
        if theirs[2] == whole:
            for keyholder in chain.keyholders:
                require(ends_at_cut(keyholder, entries), "an entry beyond the cut of its feed")
            return chain, list(entries.values())
        require(more or new_records or len(entries) > before, "the relay withholds something")


def ends_at_cut(keyholder, entries):
    """Whether a removed device's feed has nothing beyond its cut; as long as a tip of the cut is missing, nobody can tell."""
    cut = keyholder["cut"]
    if cut is None or any(tip not in entries for _, tip in cut):
        return True
    standing, open_ends = set(), [tip for _, tip in cut]
    while open_ends:
        tip = open_ends.pop()
        if tip != ZERO and tip not in standing:
            standing.add(tip)
            open_ends.append(entries[tip]["previous"])
    return all(tip in standing for tip, entry in entries.items() if entry["number"] == keyholder["number"])


def tips_of(entries):
    feeds, followed = {}, {entry["previous"] for entry in entries}
    for entry in entries:
        if entry["hash"] not in followed:
            feeds.setdefault(entry["number"], []).append([entry["seq"], entry["hash"]])
    return [[number, sorted(tips)] for number, tips in sorted(feeds.items())]


# Commands


def load_chain(path):
    value = json.loads(pathlib.Path(path).read_text())
    records = value["records"] if isinstance(value, dict) else value
    return Chain([bytes.fromhex(record["bytes"] if isinstance(record, dict) else record) for record in records])


def command_secrets(options):
    chain = load_chain(options.file)
    secrets = chain.secrets(Keys.from_file(options.keys))
    return {str(index): secret.hex() for index, secret in sorted(secrets.items())}


def command_entries(options):
    chain, keys = load_chain(options.chain), Keys.from_file(options.keys)
    secrets, shown = chain.secrets(keys), []
    for item in json.loads(pathlib.Path(options.file).read_text()):
        previous = bytes.fromhex(item["previous"]) if item.get("previous") else None
        shown.append(show_entry(chain, secrets, read_entry(chain, decode(bytes.fromhex(item["sent"])), previous)))
    return shown


def command_live(options):
    chain = load_chain(options.chain)
    return open_live(chain, chain.secrets(Keys.from_file(options.keys)), bytes.fromhex(options.hex))


def command_digest(options):
    value = json.loads(pathlib.Path(options.file).read_text())
    chain = Chain([bytes.fromhex(record) for record in value["chain"]])
    length, head, stated, lines = array(decode(bytes.fromhex(value["clock"])), 4, "clock")
    require(length == len(chain.records) and head == chain.hashes[-1], "another chain")
    require(stated == digest(chain, lines), "another digest")
    return {"digest": stated.hex()}


def command_proof(options):
    key = hashlib.sha256(options.token.encode()).digest()
    message = b"entwine/v1/registration\0" + options.aud.encode() + b"\0" + bytes.fromhex(options.space)
    return {"proof": hmac_sha256(key, message).hex()}


def command_token(options):
    now = int(time.time()) if options.now is None else options.now
    return {"token": make_token(Keys.from_file(options.keys), options.method, options.path, options.aud, now)}


def command_spaces(options):
    return json.loads(ask(Keys.from_file(options.keys), options.relay.rstrip("/"), "GET", "/v1/spaces"))


def command_sync(options):
    keys = Keys.from_file(options.keys)
    chain, entries = fetch(keys, options.relay.rstrip("/"), options.space)
    secrets = chain.secrets(keys)
    records = [encode(record).hex() for record in chain.records]
    return {"chain": chain.show(), "records": records, "entries": [show_entry(chain, secrets, entry) for entry in entries]}


COMMANDS = {
    "chain": (lambda options: load_chain(options.file).show(), ["file"]),
    "secrets": (command_secrets, ["file", "--keys"]),
    "entries": (command_entries, ["file", "--keys", "--chain"]),
    "live": (command_live, ["hex", "--keys", "--chain"]),
    "safety-words": (lambda options: load_chain(options.file).safety_words(options.device), ["file"]),
    "link": (lambda options: read_link(options.link), ["link"]),
    "phrase": (lambda options: phrase_keys(options.words).show(), ["words"]),
    "digest": (command_digest, ["file"]),
    "proof": (command_proof, ["token", "--aud", "--space"]),
    "token": (command_token, ["--keys", "--method", "--path", "--aud"]),
    "spaces": (command_spaces, ["--keys", "--relay"]),
    "sync": (command_sync, ["--keys", "--relay", "--space"]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (run, arguments) in COMMANDS.items():
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        for argument in arguments:
            command.add_argument(argument, **({"required": True} if argument.startswith("-") else {}))
        if name == "token":
            command.add_argument("--now", type=int)
        if name == "safety-words":
            command.add_argument("--device")
    options = parser.parse_args()
    try:
        print(json.dumps(options.run(options), indent=2))
    except (Refused, OSError, ValueError, KeyError) as error:
        sys.exit(f"reader: {error}")


if __name__ == "__main__":
    main()
