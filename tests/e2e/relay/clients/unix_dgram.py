"""unix_dgram.py PATH: sends the packets on stdin, each after its length, as Unix datagrams. Waits while the receiver's queue is full."""
import socket
import struct
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
    sender.connect(sys.argv[1])
    while head := sys.stdin.buffer.read(4):
        sender.send(sys.stdin.buffer.read(*struct.unpack("<I", head)))
