# SPDX-License-Identifier: Apache-2.0
"""A smartcard of the Core's appendix G in software, in a virtual reader of a pcscd that a test starts.

The card speaks the protocol of vsmartcard's driver (libifdvpcd) over loopback, and SCP03 by an AES of its own, so
that nothing of linnet's is on its side.
"""
import contextlib
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import harness  # noqa: E402

READER = "linnet test"
DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
SLOTS = 2  # of each reader of that driver, on ports side by side
SERVICE = "/run/pcscd"
# Debian's pcscd listens at /run/pcscd/pcscd.comm and nowhere else. In a mount namespace of its own that place is the
# folder of a test, which clients reach by its other name; and the machine's readers are the machine's.
PRIVATELY = ("mount -t tmpfs none /run && mkdir /run/pcscd && mount --no-canonicalize --bind . /run/pcscd"
             ' && mount -t tmpfs none /usr/lib/pcsc/drivers && exec "$@"')
ATR = bytes.fromhex("3B80800101")


class Aes:
    """FIPS 197, by the letter."""

    def __init__(self, key):
        self.sbox = self._sbox()
        self.inverse = bytes(self.sbox.index(i) for i in range(256))
        words = [list(key[i:i + 4]) for i in range(0, len(key), 4)]
        size, self.rounds = len(words), len(words) + 6
        factor = 1
        while len(words) < 4 * (self.rounds + 1):
            word = list(words[-1])
            if len(words) % size == 0:
                word = [self.sbox[b] for b in word[1:] + word[:1]]
                word[0] ^= factor
                factor = self._double(factor)
            elif size > 6 and len(words) % size == 4:
                word = [self.sbox[b] for b in word]
            words.append([a ^ b for a, b in zip(words[-size], word)])
        self.keys = [sum(words[4 * i:4 * i + 4], []) for i in range(self.rounds + 1)]

    @staticmethod
    def _double(value):
        return (value << 1 ^ (0x1B if value & 0x80 else 0)) & 0xFF

    @classmethod
    def _times(cls, a, b):
        product = 0
        while b:
            product ^= a if b & 1 else 0
            a, b = cls._double(a), b >> 1
        return product

    @classmethod
    @functools.cache
    def _sbox(cls):
        table = []
        for value in range(256):
            x = next((i for i in range(256) if cls._times(value, i) == 1), 0) if value else 0
            table.append(x ^ 0x63 ^ (x << 1 | x >> 7) & 255 ^ (x << 2 | x >> 6) & 255 ^ (x << 3 | x >> 5) & 255
                         ^ (x << 4 | x >> 4) & 255)
        return bytes(table)

    def _mix(self, state, row):
        return [self._times(state[4 * c], row[(0 - r) % 4]) ^ self._times(state[4 * c + 1], row[(1 - r) % 4])
                ^ self._times(state[4 * c + 2], row[(2 - r) % 4]) ^ self._times(state[4 * c + 3], row[(3 - r) % 4])
                for c in range(4) for r in range(4)]

    def encrypt_block(self, block):
        state = [a ^ b for a, b in zip(block, self.keys[0])]
        for turn in range(1, self.rounds + 1):
            state = [self.sbox[state[(4 * (c + r) + r) % 16]] for c in range(4) for r in range(4)]
            if turn < self.rounds:
                state = self._mix(state, (2, 3, 1, 1))
            state = [a ^ b for a, b in zip(state, self.keys[turn])]
        return bytes(state)

    def decrypt_block(self, block):
        state = list(block)
        for turn in range(self.rounds, 0, -1):
            state = [a ^ b for a, b in zip(state, self.keys[turn])]
            if turn < self.rounds:
                state = self._mix(state, (14, 11, 13, 9))
            state = [self.inverse[state[(4 * (c - r) + r) % 16]] for c in range(4) for r in range(4)]
        return bytes(a ^ b for a, b in zip(state, self.keys[0]))

    def cbc_encrypt(self, iv, text):
        out = b""
        for at in range(0, len(text), 16):
            iv = self.encrypt_block(bytes(a ^ b for a, b in zip(iv, text[at:at + 16])))
            out += iv
        return out

    def cbc_decrypt(self, iv, text):
        out = b""
        for at in range(0, len(text), 16):
            block = text[at:at + 16]
            out += bytes(a ^ b for a, b in zip(iv, self.decrypt_block(block)))
            iv = block
        return out

    def cmac(self, text):
        def shifted(value):
            number = int.from_bytes(value, "big") << 1
            return ((number & (1 << 128) - 1) ^ (0x87 if number >> 128 else 0)).to_bytes(16, "big")

        last = shifted(self.encrypt_block(bytes(16)))
        if not text or len(text) % 16:
            last = shifted(last)
            text += b"\x80" + bytes(-(len(text) + 1) % 16)
        return self.cbc_encrypt(bytes(16), text[:-16] + bytes(a ^ b for a, b in zip(text[-16:], last)))[-16:]


def check_aes():
    """The examples of FIPS 197 and RFC 4493, before anything is built on them."""
    aes = Aes(bytes(range(16)))
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert aes.encrypt_block(block).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"
    assert aes.decrypt_block(aes.encrypt_block(block)) == block
    example = Aes(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
    assert example.cmac(b"").hex() == "bb1d6929e95937287fa37d129b756746"


def tlv(kind, number, value):
    size = bytes([kind | len(value), number]) if len(value) < 8 else bytes([kind | 8, number, len(value)])
    return size + value


def account_file(instance, uri, server, lifetime=300):
    """EF(LwM2M_Bootstrap) with one account: instance `instance` of objects 0 and 1."""
    def resource(number, value):
        return tlv(0xC0, number, value)

    security = tlv(0, instance, resource(0, uri.encode()) + resource(1, b"\0") + resource(2, b"\x03")
                   + resource(10, bytes([server])))
    account = tlv(0, instance, resource(0, bytes([server])) + resource(1, lifetime.to_bytes(2, "big"))
                  + resource(6, b"\x01") + resource(7, b"U"))
    objects = b"".join(number.to_bytes(2, "big") + b"\0" + len(body).to_bytes(2, "big") + body
                       for number, body in ((0, security), (1, account)))
    return b"\0\x02" + len(objects).to_bytes(2, "big") + objects


class Card:
    """The applet: files below the PKCS#15 application, on logical channel 1, locked without SCP03 where it has keys."""

    AID = bytes.fromhex("A000000063504B43532D3135")

    def __init__(self, bootstrap, keys=None, pin=None):
        self.keys = keys
        self.pin, self.tries, self.given = pin, 3, 0
        self.files = {"5031": bytes.fromhex("A70630040402 6430"),
                      "6430": bytes.fromhex("301D 3007 0C054C774D324D 300A 0C026F6B 0604672B0901 A106 3004 0402 6432"),
                      "6432": bootstrap}
        self.directory = [bytes([0x61, 2 + len(self.AID), 0x4F, len(self.AID)]) + self.AID]
        self.reads = 0  # of EF(LwM2M_Bootstrap), from its beginning
        self.reset()

    def reset(self):
        self.open = self.secured = self.application = self.verified = False
        self.file = self.session = None

    def __call__(self, apdu):
        if apdu[0] & 4 and apdu[1] != 0x82:
            plain = self._unwrap(apdu) if self.secured else None
            return b"\x69\x82" if plain is None else self._wrap(self._answer(plain))
        return self._answer(apdu)

    def _answer(self, apdu):
        channel, ins, data = apdu[0] & 3, apdu[1], apdu[5:5 + apdu[4]] if len(apdu) > 5 else b""
        if ins == 0x70:
            self.open = apdu[2] == 0
            self.secured = False
            return b"\x01\x90\x00" if self.open else b"\x90\x00"
        if channel and not self.open:
            return b"\x68\x81"
        if ins == 0xA4:
            return self._select(channel, apdu[2], data)
        if ins == 0xB2:
            return self.directory[apdu[2] - 1] + b"\x90\x00" if 0 < apdu[2] <= len(self.directory) else b"\x6A\x83"
        if ins == 0x20 and channel and self.pin is not None:
            return self._verify(data)
        if ins == 0xB0 and channel:
            return self._read(apdu[2] << 8 | apdu[3], apdu[4] or 256)
        if ins == 0x50 and channel and self.keys:
            return self._initialize(data)
        if ins == 0x82 and self.session:
            return self._authenticate(apdu)
        return b"\x6D\x00"

    def _select(self, channel, how, data):
        if how == 4:
            self.application = bool(channel) and data == self.AID
            return b"\x90\x00" if self.application else b"\x6A\x82"
        if not channel:
            return b"\x90\x00" if data == b"\x2F\x00" else b"\x6A\x82"
        name = data[2:].hex().upper()
        if not self.application or data[:2] != b"\x7F\xFF" or name not in self.files:
            return b"\x6A\x82"
        self.file = name
        return bytes.fromhex("62048002") + len(self.files[name]).to_bytes(2, "big") + b"\x90\x00"

    def _verify(self, given):
        if given:
            self.given += 1
            self.verified = self.tries > 0 and given == self.pin.encode().ljust(8, b"\xFF")
            self.tries = 3 if self.verified else max(self.tries - 1, 0)
        if self.verified:
            return b"\x90\x00"
        return bytes([0x63, 0xC0 | self.tries]) if self.tries else b"\x69\x83"

    def _read(self, offset, size):
        if self.keys and not self.secured or self.file == "6432" and self.pin is not None and not self.verified:
            return b"\x69\x82"
        content = self.files.get(self.file, b"")
        if offset > len(content):
            return b"\x6B\x00"
        self.reads += self.file == "6432" and offset == 0
        return content[offset:offset + min(size, 239)] + b"\x90\x00"

    def _derive(self, key, purpose, bits):
        out = b""
        while len(out) * 8 < bits:
            out += Aes(key).cmac(bytes(11) + bytes([purpose, 0]) + bits.to_bytes(2, "big")
                                 + bytes([len(out) // 16 + 1]) + self.context)
        return out[:bits // 8]

    def _initialize(self, challenge):
        own = os.urandom(8)
        self.context = challenge + own
        bits = len(self.keys[0]) * 8
        self.enc, self.mac, self.rmac = (self._derive(self.keys[0], 4, bits), self._derive(self.keys[1], 6, bits),
                                         self._derive(self.keys[1], 7, bits))
        self.chain, self.counter, self.session = bytes(16), 0, True
        return bytes(10) + b"\x30\x03\x60" + own + self._derive(self.mac, 0, 64) + b"\x90\x00"

    def _authenticate(self, apdu):
        full = Aes(self.mac).cmac(self.chain + b"\x84" + apdu[1:-8])
        self.session = False
        if apdu[2] != 0x33 or full[:8] != apdu[-8:] or apdu[5:13] != self._derive(self.mac, 1, 64):
            return b"\x63\x00"
        self.chain, self.secured = full, True
        return b"\x90\x00"

    def _vector(self, mark):
        return Aes(self.enc).encrypt_block(bytes([mark]) + self.counter.to_bytes(15, "big"))

    def _unwrap(self, apdu):
        self.counter += 1
        size = apdu[4]
        text, mac, end = apdu[5:5 + size - 8], apdu[5 + size - 8:5 + size], apdu[5 + size:]
        full = Aes(self.mac).cmac(self.chain + bytes([apdu[0] & 0xF0 | 4]) + apdu[1:5] + text)
        if full[:8] != mac:
            self.secured = False
            return None
        self.chain = full
        head = bytes([apdu[0] & ~4]) + apdu[1:4]
        if not text:
            return head + end
        data = Aes(self.enc).cbc_decrypt(self._vector(0), text).rstrip(b"\0")[:-1]
        return head + bytes([len(data)]) + data + end

    def _wrap(self, response):
        text, status = response[:-2], response[-2:]
        if status[0] not in (0x90, 0x62, 0x63):
            return status
        if text:
            text += b"\x80" + bytes(-(len(text) + 1) % 16)
            text = Aes(self.enc).cbc_encrypt(self._vector(0x80), text)
        return text + Aes(self.rmac).cmac(self.chain + text + status)[:8] + status


def namespace():
    """The command before a program that gives it mounts of its own; none, and why the machine allows none."""
    unshare = harness.debian_program("unshare", "util-linux")
    command = [unshare, "--mount"] if os.geteuid() == 0 else [unshare, "--user", "--map-root-user", "--mount"]
    tried = subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/run"], capture_output=True,
                           timeout=harness.PATIENCE, check=False, text=True)
    return (command, "") if tried.returncode == 0 else (None, tried.stderr.strip())


def may_be_the_only_one():
    """Whether a pcscd may listen where all of a machine do: nobody does, and this user can write there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as service:
        taken = service.connect_ex(os.path.join(SERVICE, "pcscd.comm")) == 0
    return not taken and os.access(SERVICE if os.path.isdir(SERVICE) else os.path.dirname(SERVICE), os.W_OK)


class Reader:
    """A pcscd of its own with one virtual reader; `service` is the socket for PCSCLITE_CSOCK_NAME.

    It has mounts of its own, where the machine allows that: a chroot and some containers do not. There it is the
    machine's pcscd for a while.
    """

    def __init__(self):
        self._card = None
        program = harness.debian_program("pcscd", "pcscd")
        if not os.path.exists(DRIVER):
            raise harness.Missing(f"{DRIVER} is not there: it comes with Debian's vsmartcard-vpcd (make setup)")
        command, why = namespace()
        if command is None and not may_be_the_only_one():
            raise harness.Missing(
                f"a pcscd of the test's own takes a mount namespace, and this machine gives none: {why}; nor can it "
                f"listen in {SERVICE}. Run the tests as root with CAP_SYS_ADMIN, let users have namespaces (sysctl "
                "kernel.unprivileged_userns_clone=1), or end the pcscd that is there")
        self.port = harness.free_port(SLOTS)
        self._folder = tempfile.mkdtemp(prefix="linnet-pcscd-")
        self.service = os.path.join(self._folder if command else SERVICE, "pcscd.comm")
        driver = shutil.copy(DRIVER, self._folder)
        readers = os.path.join(self._folder, "readers")  # all that is in there is read, and nothing else may be
        os.mkdir(readers)
        with open(os.path.join(readers, "reader"), "w", encoding="ascii") as file:
            file.write(f'FRIENDLYNAME "{READER}"\nDEVICENAME /dev/null:0x{self.port:04X}\nLIBPATH {driver}\n'
                       f"CHANNELID 0x{self.port:04X}\n")
        self._log = open(os.path.join(self._folder, "log"), "w+b")  # noqa: SIM115
        privately = [*command, "sh", "-c", PRIVATELY, "sh"] if command else []
        self._process = subprocess.Popen([*privately, program, "--foreground", "--info", "--config", readers],
                                         cwd=self._folder, stdout=self._log, stderr=subprocess.STDOUT)
        try:
            harness.eventually(self._ready, "pcscd is ready")
        except AssertionError:
            self.close()
            raise

    def _ready(self):
        if self._process.poll() is not None:
            with open(self._log.name, "rb") as file:
                raise AssertionError("pcscd did not start; it says:\n" + file.read().decode(errors="replace"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as service:
            return service.connect_ex(self.service) == 0

    def insert(self, card):
        self.remove()
        card.reset()
        self._card = harness.eventually(self._connect, "the virtual reader listens")
        powered = threading.Event()
        threading.Thread(target=self._serve, args=(self._card, card, powered), daemon=True).start()
        if not powered.wait(harness.PATIENCE):
            raise AssertionError("pcscd does not see the card")

    def _connect(self):
        # The daemon answers before its driver listens, and the driver listens anew for each card.
        card = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if card.connect_ex(("127.0.0.1", self.port)) == 0:
            return card
        card.close()
        return None

    def remove(self):
        if self._card is not None:
            with contextlib.suppress(OSError):
                self._card.shutdown(socket.SHUT_RDWR)
            self._card.close()
            self._card = None

    @staticmethod
    def _serve(connection, card, powered):
        def take(size):
            out = b""
            while len(out) < size:
                part = connection.recv(size - len(out))
                if not part:
                    raise OSError
                out += part
            return out

        with contextlib.suppress(OSError):
            while True:
                message = take(int.from_bytes(take(2), "big"))
                if len(message) == 1:  # 0 off, 1 on, 2 reset, 4 ATR
                    if message[0] == 1:
                        powered.set()
                    if message[0] != 4:
                        card.reset()
                        continue
                    answer = ATR
                else:
                    answer = card(message)
                connection.sendall(len(answer).to_bytes(2, "big") + answer)

    def close(self):
        self.remove()
        self._process.terminate()
        try:
            self._process.wait(harness.GOODBYE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)
