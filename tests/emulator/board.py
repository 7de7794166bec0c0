# SPDX-License-Identifier: Apache-2.0
"""A Cortex-M4 in QEMU with an image of ports/, and the words of its `board::radio` behind a debugger.

The image runs unchanged, a slice at a time. Its time is the word `milliseconds`, which the test sets, so
that how fast the emulator is changes nothing.
"""

import os
import pathlib
import re
import socket
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(os.environ.get("LINNET_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SLICE = 0.01  # seconds between looks at what the image has done
PATIENCE = 3000  # slices until an image that should send is given up

def build(image):
    """The path of an image of ports/, built as tools/footprint measures it."""
    # What a toolchain file says of flags is taken once, so the folder is configured anew.
    for command in (["cmake", "--fresh", "--preset", "cortex-m"],
                    ["cmake", "--build", "--preset", "cortex-m", "--target", image]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
    return ROOT / "build/cortex-m/bin" / f"{image}.elf"


class Debugger:
    """The remote protocol of GDB, as far as memory and running go."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self.input = self.socket.makefile("rb")

    def send(self, text):
        body = text.encode()
        self.socket.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xFF))

    def receive(self):
        while (byte := self.input.read(1)) != b"$":
            if not byte:
                raise EOFError("the emulator has ended")
        body = b""
        while (byte := self.input.read(1)) != b"#":
            body += byte
        self.input.read(2)
        self.socket.sendall(b"+")
        return body.decode()

    def ask(self, text):
        self.send(text)
        return self.receive()

    def read(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))

    def write(self, address, data):
        answer = self.ask(f"M{address:x},{len(data):x}:{data.hex()}")
        assert answer == "OK", answer

    def run(self, seconds):
        """Lets the processor run for a while."""
        self.send("c")
        time.sleep(seconds)
        self.socket.sendall(b"\x03")
        answer = self.receive()
        assert answer[0] in "TS", answer

class Board:
    RECEIVED, TO_SEND, MILLISECONDS, NOISE = range(0, 16, 4)

    def __init__(self, image):
        symbols = subprocess.run(["arm-none-eabi-nm", "-C", str(image)], check=True, capture_output=True, text=True)
        self.places = {name: int(address, 16)
                       for address, name in re.findall(r"^(\w+) \w (board::(?:radio|in|out))$", symbols.stdout, re.M)}
        self.folder = tempfile.TemporaryDirectory(prefix="linnet-")
        address = str(pathlib.Path(self.folder.name) / "gdb")
        self.process = subprocess.Popen(
            ["qemu-system-arm", "-machine", "netduinoplus2", "-nodefaults", "-display", "none", "-kernel", str(image),
             "-chardev", f"socket,id=gdb,path={address},server=on,wait=off", "-gdb", "chardev:gdb", "-S"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.debugger = self.connect(address)
        self.debugger.ask("?")

    def connect(self, address):
        # QEMU binds the socket before it listens at it.
        while True:
            try:
                return Debugger(address)
            except (FileNotFoundError, ConnectionRefusedError):
                if self.process.poll() is not None:
                    raise RuntimeError(self.process.stdout.read().decode()) from None
                time.sleep(SLICE)

    def word(self, offset, value=None):
        place = self.places["board::radio"] + offset
        if value is not None:
            self.debugger.write(place, struct.pack("<I", value))
        return struct.unpack("<I", self.debugger.read(place, 4))[0]

    def run_until(self, condition):
        for _ in range(PATIENCE):
            if condition():
                return
            self.debugger.run(SLICE)
        raise TimeoutError("the image does not do what it should")

    def sent(self):
        """Runs the image until it sends a datagram, and takes that."""
        self.run_until(lambda: self.word(self.TO_SEND) != 0)
        datagram = self.debugger.read(self.places["board::out"], self.word(self.TO_SEND))
        self.word(self.TO_SEND, 0)
        return datagram

    def deliver(self, datagram):
        """Runs the image until it has taken a datagram."""
        self.debugger.write(self.places["board::in"], datagram)
        self.word(self.RECEIVED, len(datagram))
        self.run_until(lambda: self.word(self.RECEIVED) == 0)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.debugger.socket.close()
        self.debugger.input.close()
        self.folder.cleanup()
